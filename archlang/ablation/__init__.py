"""Ablation: a network without a class of its skips, or with others, as a spec of its own."""
