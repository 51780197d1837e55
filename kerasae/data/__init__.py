"""Data sets and pictures: found, checked, and kept in memory or on disk."""
