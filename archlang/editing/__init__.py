"""What an editor asks of a file that changes with every key: fast, and right while it is broken."""
