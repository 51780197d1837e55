"""The folder that a run leaves: written whole, and read back."""
