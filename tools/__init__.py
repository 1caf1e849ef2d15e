"""What makes, checks and grades the course: run each as `python -m tools.NAME`."""

import sys

from .writing import to_any_terminal

to_any_terminal()
# With it whatever reads a notebook builds a grammar of web addresses first: two seconds
# in each process. No notebook is checked by it, and jsonschema does without.
sys.modules.setdefault("rfc3987_syntax", None)
