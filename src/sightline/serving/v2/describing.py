"""What the server and its models say of themselves, as Triton's JSON has it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sightline import __version__
from sightline.serving.models import Served
from sightline.serving.service import Service
from sightline.serving.statistics import Spent, Stages
from sightline.serving.v2.answering import version_of
from sightline.serving.v2.tensors import contract_of

EXTENSIONS: Final = (
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "schedule_policy",
    "statistics",
)
_CONFIG_TYPES: Final = {"BYTES": "TYPE_STRING", "FP32": "TYPE_FP32", "UINT8": "TYPE_UINT8"}
_PLATFORMS: Final = {"onnxruntime": "onnxruntime_onnx", "tensorrt": "tensorrt_plan"}

Description = dict[str, Any]
_Tensors = Mapping[str, tuple[str, tuple[int, ...]]]


def server_metadata() -> Description:
    """Name, version and extensions of the server."""
    return {"name": "sightline", "version": __version__, "extensions": list(EXTENSIONS)}


def model_metadata(service: Service, model: Served) -> Description:
    """The tensors of a model, their first axis -1."""
    inputs, outputs = _tensors(service, model)
    return {
        "name": model.name,
        "versions": [version_of(model)],
        "platform": _platform(model),
        "inputs": list(_described(inputs)),
        "outputs": list(_described(outputs)),
    }


def model_config(service: Service, model: Served) -> Description:
    """The model's configuration as far as clients read it; `dims` are without the first axis."""
    inputs, outputs = _tensors(service, model)
    config: Description = {
        "name": model.name,
        "platform": _platform(model),
        "backend": "sightline",
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": service.settings.max_files,
        "input": [{**one, "optional": True} for one in _configured(inputs)],
        "output": list(_configured(outputs)),
        "parameters": {"bundle_id": {"string_value": model.bundle.id}},
        "instance_group": [{"name": model.name, "kind": "KIND_AUTO", "count": service.threads}],
    }
    if model.batch_size > 1:
        delay_us = round(service.settings.max_queue_delay_ms * 1e3)
        config["dynamic_batching"] = {
            "preferred_batch_size": [model.batch_size],
            "max_queue_delay_microseconds": delay_us,
        }
    return config


def model_statistics(service: Service, model: Served) -> Description:
    """Triton's statistics extension."""
    counted = service.statistics.of(model.predictor)
    return {
        "name": model.name,
        "version": version_of(model),
        "last_inference": counted.last_ms,
        "inference_count": counted.inferences,
        "execution_count": counted.executions,
        "inference_stats": {
            "success": _spent(counted.success),
            "fail": _spent(counted.fail),
            "queue": _spent(counted.queue),
            **_stages(counted.stages),
            "cache_hit": _spent(Spent()),
            "cache_miss": _spent(Spent()),
        },
        "batch_stats": [
            {"batch_size": size, **_stages(stages)} for size, stages in sorted(counted.batches.copy().items())
        ],
    }


def repository_index(service: Service) -> list[Description]:
    """All models in service."""
    state = "READY" if service.state == "ready" else "UNAVAILABLE"
    reason = "" if service.state == "ready" else f"The server is {service.state}."
    return [
        {"name": one.name, "version": version_of(one), "state": state, "reason": reason}
        for one in service.models
    ]


def _tensors(service: Service, model: Served) -> tuple[_Tensors, _Tensors]:
    contract = contract_of(model, service.settings.max_files)
    return {"image": ("BYTES", (1,)), "images": ("UINT8", contract.pixels)}, contract.outputs


def _described(tensors: _Tensors) -> Iterator[Description]:
    for name, (datatype, shape) in tensors.items():
        yield {"name": name, "datatype": datatype, "shape": [-1, *shape]}


def _configured(tensors: _Tensors) -> Iterator[Description]:
    for name, (datatype, shape) in tensors.items():
        yield {"name": name, "data_type": _CONFIG_TYPES[datatype], "dims": list(shape)}


def _platform(model: Served) -> str:
    manifest = model.bundle.manifest
    engine = manifest.variants[manifest.default_variant].engine
    return _PLATFORMS.get(engine, engine)


def _stages(stages: Stages) -> Description:
    return {name: _spent(spent) for name, spent in vars(stages).items()}


def _spent(spent: Spent) -> Description:
    return {"count": spent.count, "ns": spent.ns}
