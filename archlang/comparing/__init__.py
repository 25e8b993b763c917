"""What changed between two networks: layers, shapes, parameters; `archlang diff`."""
