"""A bundle's model in another runtime's own format, each by that runtime's maintained converter."""

from sightline.optimize.exporting.converters import converter_for
from sightline.optimize.exporting.target import TARGETS, Converter, Kind, Source, Target

__all__ = ["TARGETS", "Converter", "Kind", "Source", "Target", "converter_for"]
