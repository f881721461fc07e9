"""The artefact: written atomically, read with suspicion."""
