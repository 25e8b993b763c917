"""The layer library against torch."""
