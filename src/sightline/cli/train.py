"""`sightline train`."""


def train() -> None:
    """Coming."""
