"""The collector: receives batches over MQTT, stores them once each, and only then confirms.

Imports ``agent.record``, ``agent.telemetry.link`` and ``tools.stores``; neither OpenCV nor TFLite.
The order is: validate, store, commit, receipt to the device, acknowledgement to the broker.
So a crash at any point leads to a second delivery, which the store recognises.

A message that cannot be read is kept as a dead letter and refused as a whole: it is not trusted
in parts. Of a batch that can be read and that the store will not take, all rows are stored but
the poison ones, found by halves; it is refused too, so that its device sends smaller batches
until the row is alone, gives it up and declares the gap. Only the device may declare a loss.
"""

from __future__ import annotations

from tools.collector._collector import NAME, Collector
from tools.collector._intake import CollectorStatistics

__all__ = ["NAME", "Collector", "CollectorStatistics"]
