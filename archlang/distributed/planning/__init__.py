"""A network divided over devices on paper. Nothing here needs torch."""
