"""What a run was, for people: one self-contained report, made from what really happened."""
