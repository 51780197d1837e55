"""Training speed, as ratios measured side by side."""

# Images in an epoch, and epochs of each way.
IMAGES, ROUNDS = 60_000, 5
