"""Local files: opened within bounds, written whole, owned by one process."""
