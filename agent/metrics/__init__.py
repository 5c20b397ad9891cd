"""Metrics: pure functions and counters that add up. Numpy only."""
