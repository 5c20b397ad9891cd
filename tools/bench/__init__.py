"""Speed, faithfulness and accuracy of the perturbations, as ratios measured in one run."""
