"""What makes, checks and grades the course: run each as `python -m tools.NAME`."""

from .writing import to_any_terminal

to_any_terminal()
