"""Figures of a graph."""
