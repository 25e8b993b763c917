"""The backward pass of a network as formulas: what `archlang explain-gradient` prints."""
