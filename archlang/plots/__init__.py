"""Plots of what is measured and counted: one module each; `canvas.py` is common to all."""
