"""What a run is told: the recipe, its mistakes, its presets."""
