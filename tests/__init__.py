"""A package, so that the fault campaign runs as ``python -m tests.faults``."""
