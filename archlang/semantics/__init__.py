"""From syntax tree to graph: names, constants, expansion, shapes."""
