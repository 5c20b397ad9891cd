"""Speed and faithfulness, measured here: perturbations, signs' corners, searches,
evaluations, telemetry from the outbox to the store, and what the agent costs its device.

Times are told as ratios to references of the same run.
"""
