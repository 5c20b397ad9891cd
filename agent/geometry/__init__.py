"""Sign plane: shapes, homographies, faces. Imports values and errors only."""
