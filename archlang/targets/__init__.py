"""A model as a file that other programs run: one module for each kind of file."""
