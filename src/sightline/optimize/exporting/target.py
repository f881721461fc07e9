"""What is said of a target, what a converter begins with, and what it can do."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from sightline.bundle import Precision
from sightline.inference import Engine

if TYPE_CHECKING:
    from torch import nn

Target = Literal["openvino", "litert", "coreml", "tensorrt"]
TARGETS: tuple[Target, ...] = get_args(Target)


@dataclass(frozen=True)
class Kind:
    """What is known of a target before anything is converted.

    title
        How its makers call the format.
    packages
        Modules that conversion imports, by which a missing extra is found before anything is done.
    converter, runtime
        Distributions whose versions are put on record.
    file
        What the model is called in its folder; a format of several files has its first one here.
    needs_network
        It is made from the torch network and its weights; else from the variant's ONNX graph.
    precisions
        Of the variants that it can be made from.
    batch
        Pictures a call that the model is fixed to; None: any number.
    input
        What the model takes, in words.
    """

    target: Target
    title: str
    packages: tuple[str, ...]
    converter: str
    runtime: str
    file: str
    needs_network: bool
    precisions: tuple[Precision, ...]
    batch: int | None
    input: str


@dataclass(frozen=True)
class Source:
    """What a model is made from.

    graph
        The variant's ONNX graph.
    size_px
        Height and width of a picture.
    network
        On the CPU and in evaluation mode; None where the target needs none.
    """

    graph: bytes
    size_px: tuple[int, int]
    network: "nn.Module | None" = None


class Converter(Protocol):
    """Makes and runs the models of one target."""

    @property
    def kind(self) -> Kind:
        """What is known of it beforehand."""

    def convert(self, source: Source, folder: Path) -> None:
        """Write the model to `kind.file` in a folder.

        Raises:
            ExportMismatch: the converter cannot express the graph.
            InputError: this machine cannot make such a model.
        """

    def open(self, folder: Path, precision: Precision, threads: int) -> Engine | str:
        """The model in that folder, ready to run on so many cores; or why it cannot be run here, as a phrase."""
