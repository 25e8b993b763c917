"""The layers, one class each."""
