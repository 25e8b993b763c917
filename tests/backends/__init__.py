"""What graphs are turned into."""
