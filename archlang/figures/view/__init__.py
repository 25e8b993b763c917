"""What a figure shows, before anything has a place."""
