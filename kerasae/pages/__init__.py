"""Self-contained pages of results."""
