"""A long run of real parts: two agents on live cameras, a broker that restarts."""
