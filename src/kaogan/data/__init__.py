"""Sources of pictures, their preparation, the DATASET folder, and batches for training."""
