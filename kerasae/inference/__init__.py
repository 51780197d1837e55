"""Using a trained model: on pictures, in its latent space, in other runtimes."""
