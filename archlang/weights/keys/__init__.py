"""How the names in a checkpoint belong to those of a network."""
