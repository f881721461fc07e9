"""How good: figures as pure functions of scores."""
