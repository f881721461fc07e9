"""Bytes to pixels: the one and only decode and preprocess."""
