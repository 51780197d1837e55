"""Training speed, as ratios measured side by side."""

# Images in an epoch, epochs of each way, and images per step.
IMAGES, ROUNDS, BATCH_SIZE = 60_000, 5, 128
