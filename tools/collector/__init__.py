"""The collector: receives batches over MQTT, stores them once each, and only then confirms.

Imports ``agent.record``, ``agent.telemetry.link`` and ``tools.stores``; neither OpenCV nor TFLite.
The order is: validate, store, commit, receipt to the device, acknowledgement to the broker.
So a crash at any point leads to a second delivery, which the store recognises.
"""

from __future__ import annotations

from tools.collector._collector import Collector, CollectorStatistics

__all__ = ["Collector", "CollectorStatistics"]
