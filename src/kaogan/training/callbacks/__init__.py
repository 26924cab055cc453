"""Callbacks, one file each: they write, draw, save or warn. None changes the training."""
