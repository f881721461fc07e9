"""Pixels for learning: decoded once, augmented, mixed."""
