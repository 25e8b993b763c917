"""Which input sizes a network takes, derived from its graph and proved for all sizes."""
