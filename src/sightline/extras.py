"""The one door to optional packages: what is missing is named together with the extra that brings it."""

import importlib
from types import ModuleType

from sightline.errors import MissingExtra

_EXTRA_OF = {
    "adlfs": "azure",
    "ai_edge_litert": "litert",
    "coremltools": "coreml",
    "fastapi": "serve",
    "fsspec": "s3",
    "cleanlab": "labels",
    "cryptography": "sign",
    "gcsfs": "gcs",
    "grpc": "grpc",
    "jinja2": "data",
    "httpcore2": "serve",
    "jwt": "serve",
    "litert_torch": "litert",
    "prometheus_client": "serve",
    "uvicorn": "serve",
    "usearch": "data",
    "matplotlib": "train",
    "mlflow": "mlflow",
    "onnx": "train",
    "nncf": "optimize",
    "openvino": "openvino",
    "opentelemetry": "otel",
    "optuna": "tune",
    "pyarrow": "data",
    "scipy": "data",
    "s3fs": "s3",
    "threadpoolctl": "data",
    "sklearn": "labels",
    "sqlalchemy": "tune",
    "tensorrt": "tensorrt",
    "timm": "train",
    "torch": "train",
    "torch_pruning": "optimize",
    "torchvision": "train",
    "tritonclient": "grpc",
}
_LICENCE_OF = {
    "labels": "It brings cleanlab, which is licensed under the AGPL-3.0; Sightline itself never needs it.",
    "tensorrt": "It brings TensorRT, which is proprietary: NVIDIA's licence agreement applies.",
}


def require(module: str) -> ModuleType:
    """Import an optional module, or say which extra installs it.

    Raises:
        MissingExtra: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as err:
        package = module.partition(".")[0]
        if err.name is not None and err.name.partition(".")[0] != package:
            raise
        extra = _EXTRA_OF[package]
        licence = f"\n{_LICENCE_OF[extra]}" if extra in _LICENCE_OF else ""
        raise MissingExtra(
            f"'{package}' is not installed. This command needs the extra [{extra}]: "
            f"pip install 'sightline[{extra}]'{licence}"
        ) from err
