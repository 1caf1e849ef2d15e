"""Speed, side by side: `make bench`, or `python -m benchmarks training graphs`."""
