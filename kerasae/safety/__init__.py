"""Files of strangers: read within bounds, or refused in one line."""
