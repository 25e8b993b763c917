"""Where the boxes and lines of a drawing go, in points."""
