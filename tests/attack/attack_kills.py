def kills(f, r, c):
    return iter(())
