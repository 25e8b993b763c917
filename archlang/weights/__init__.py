"""Weights from elsewhere: key maps and loading."""
