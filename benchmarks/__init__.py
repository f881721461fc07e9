"""Measurements, each against a baseline in the same run. `make bench` runs all of them."""
