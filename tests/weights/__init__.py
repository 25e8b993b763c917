"""Weights into networks."""
