"""Compiled networks on a GPU; ARCHLANG_TEST_DEVICE=cpu runs on a CPU what has a meaning there."""
