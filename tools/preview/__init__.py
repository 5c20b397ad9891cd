"""Looking at perturbations: the catalogue of kinds, contact sheets, clips."""
