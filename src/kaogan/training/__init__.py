"""The game, played: recipe, state, the one loop, and those who watch it."""
