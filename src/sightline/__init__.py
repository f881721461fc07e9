"""Sightline: from a folder of labelled images to a calibrated, monitored classification service."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.inference import load as load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    """Import the inference half on first use, so that `sightline --help` never waits for numpy."""
    if name == "load":
        from sightline.inference import load

        return load
    raise AttributeError(f"module 'sightline' has no attribute {name!r}")
