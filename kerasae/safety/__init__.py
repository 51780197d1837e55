"""Untrusted files: read within bounds, or refused in one line."""
