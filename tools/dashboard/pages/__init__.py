"""The pages: one file each, with a router; its template bears the same name."""
