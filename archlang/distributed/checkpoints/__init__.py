"""Checkpoints of a training in several processes."""
