"""What makes, checks and grades the course: run each as `python -m tools.NAME`."""
