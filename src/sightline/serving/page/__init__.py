"""The page at `/`: drop a picture, see the answer."""

from sightline.serving.page.route import install_page

__all__ = ["install_page"]
