"""The command line of kerasae."""
