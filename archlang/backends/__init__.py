"""What a graph is turned into; the only rooms that import torch."""
