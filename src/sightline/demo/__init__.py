"""The embedded demonstration: a generated inspection line whose every secret is known."""

from sightline.demo.generate import generate_dataset
from sightline.demo.options import CameraChange, DemoOptions, Layout
from sightline.demo.truth import DefectTruth, DemoTruth, Fault, ImageTruth, read_truth

__all__ = [
    "CameraChange",
    "DefectTruth",
    "DemoOptions",
    "DemoTruth",
    "Fault",
    "ImageTruth",
    "Layout",
    "generate_dataset",
    "read_truth",
]
