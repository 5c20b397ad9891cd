"""Metrics: pure functions and counters that add up. They import values and statistics; numpy only.

``scenes`` gathers frames into the units of evidence that intervals count.
"""
