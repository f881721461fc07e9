"""Pages of HTML that need nothing else: no network, no script, no file beside them."""

from sightline.pages.rendering import Room, render
from sightline.pages.thumbnails import THUMBNAIL_PX, draw_thumbnails, inlined, thumbnail
from sightline.pages.words import counted, listed, names

__all__ = [
    "THUMBNAIL_PX",
    "Room",
    "counted",
    "draw_thumbnails",
    "inlined",
    "listed",
    "names",
    "render",
    "thumbnail",
]
