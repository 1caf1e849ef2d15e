"""python -m lectures_lib.homework HW.ipynb"""

import sys

from tools.homework.look import main

sys.exit(main(sys.argv[1:]))
