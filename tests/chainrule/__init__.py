"""Tests of the chain rule as formulas."""
