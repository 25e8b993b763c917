"""From a graph to one that computes the same faster, or in less memory."""
