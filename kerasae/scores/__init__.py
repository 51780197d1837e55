"""How good a reconstruction, and how sparse a code is."""
