"""`.arch` in notebooks: the cell magic `%%arch`, and what a cell shows of a network."""
