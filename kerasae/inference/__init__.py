"""Using a trained model: on pictures, in its latent space, in other runtimes."""

# Share of the training images whose error is no anomaly.
QUANTILE = 0.99
