"""`sightline evaluate`."""


def evaluate() -> None:
    """Coming."""
