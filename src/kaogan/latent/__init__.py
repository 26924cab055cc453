"""The latent space: walking it, steering in it, and finding pictures in it."""
