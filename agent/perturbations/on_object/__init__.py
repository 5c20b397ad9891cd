"""What lies on the target or before it, and touches nothing else."""
