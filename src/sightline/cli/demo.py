"""`sightline demo`."""


def demo() -> None:
    """Coming."""
