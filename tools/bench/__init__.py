"""Speed and faithfulness, measured here: perturbations, signs' corners, evaluations.

Times are told as ratios to references of the same run.
"""
