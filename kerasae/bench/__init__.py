"""Training speed, as ratios measured side by side."""

# Networks by their widths, images in an epoch, epochs of each way, and images per step.
NETWORKS = ("784-256-100", "784-1024-512-100", "784-1000-500-250-30")
IMAGES, ROUNDS, BATCH_SIZE = 60_000, 5, 128
