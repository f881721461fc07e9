"""What is minimised and how: losses, imbalance, optimisers, schedules."""
