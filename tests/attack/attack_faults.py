def faults(f, r, c):
    return iter(())
