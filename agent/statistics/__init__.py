"""Statistics: intervals and tests on counts, clips and pairs. Pure; numpy only."""
