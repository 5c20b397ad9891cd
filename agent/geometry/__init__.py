"""The sign in the picture: shapes, outline, plane, tracks, and the light that it stands in.

Imports values and errors only.
"""
