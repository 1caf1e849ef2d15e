import sys; sys.path.insert(0,str(__import__("pathlib").Path(__file__).parent))
import lib
import part1,part2,part3,part4,part5
n=len(lib.cells)
try:
    if "notext" not in sys.argv: import part_text
except ImportError as e: print("no text",e)
import part6
lib.save(sys.argv[1]); print(len(lib.cells),"cells")
