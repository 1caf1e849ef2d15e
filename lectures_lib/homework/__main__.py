"""python -m lectures_lib.homework HW.ipynb"""

import sys

from .looking_over import main

sys.exit(main(sys.argv[1:]))
