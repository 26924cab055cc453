"""Pictures in: sources, preparation, the DATASET folder, and what the trainer draws from it."""
