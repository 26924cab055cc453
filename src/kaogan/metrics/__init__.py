"""How near generated pictures are to real ones: metrics as pure functions of features or pixels."""
