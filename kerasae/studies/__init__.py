"""The studies of the report, and the sweep."""
