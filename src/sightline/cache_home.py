"""Where Sightline keeps what it could work out again."""

import os
from pathlib import Path

import platformdirs


def cache_home() -> Path:
    """The user's cache folder, or `SIGHTLINE_CACHE_DIR`."""
    return Path(os.environ.get("SIGHTLINE_CACHE_DIR") or platformdirs.user_cache_dir("sightline"))
