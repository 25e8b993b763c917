"""The language server: the protocol's side of what `archlang.editing` knows."""
