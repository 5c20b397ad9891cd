"""Speed and faithfulness, measured here: perturbations, signs' corners, searches,
evaluations, and telemetry from the outbox to the store.

Times are told as ratios to references of the same run.
"""
