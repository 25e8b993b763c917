"""What can be said of a graph: costs, skips, summaries."""
