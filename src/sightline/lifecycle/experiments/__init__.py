"""Many short trainings on data that are prepared once: the worth of each step, the best values, the spread."""
