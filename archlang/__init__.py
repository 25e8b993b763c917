"""archlang: a language for neural network architectures, compiled to PyTorch."""
