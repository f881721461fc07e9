"""The worth of each step of the augmentation, on the data at hand."""
