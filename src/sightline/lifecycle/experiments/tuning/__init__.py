"""Values of the recipe that are good on the data at hand, found by trying (Optuna)."""
