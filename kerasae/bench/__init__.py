"""Training speed, as ratios measured side by side."""
