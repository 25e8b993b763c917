"""The finished figure: marks in points, ready to be written."""
