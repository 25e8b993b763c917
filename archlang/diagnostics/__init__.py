"""Diagnostics: what a mistake is, the catalogue of mistakes, and how they are shown."""
