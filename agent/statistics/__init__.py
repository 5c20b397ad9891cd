"""Statistics: intervals and tests on counts. Pure; numpy only."""
