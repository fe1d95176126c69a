"""Measurements beside the usual way of doing it: ``python -m benchmarks NAME [--seconds S] [--json]``."""
