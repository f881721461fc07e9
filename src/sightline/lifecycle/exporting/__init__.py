"""A bundle for another runtime: converted, run beside the bundle, and written with what the other side needs."""

from sightline.lifecycle.exporting.export_bundle import Order, export_bundle
from sightline.lifecycle.exporting.records import ExportRecord

__all__ = ["ExportRecord", "Order", "export_bundle"]
