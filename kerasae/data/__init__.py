"""Data sets and pictures: read, checked, and kept in memory or on disk."""
