"""Recipe to network."""
