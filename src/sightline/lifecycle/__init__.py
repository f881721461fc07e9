"""Stories across the parts: build a bundle, evaluate it."""
