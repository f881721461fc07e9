"""How good a recipe is on every picture in its turn, with the spread over folds."""
