"""What the running service says about itself."""
