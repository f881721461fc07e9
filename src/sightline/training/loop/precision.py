"""In which precision a step is computed, and why. The weights themselves are float32 in each case."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from sightline.errors import TrainingError
from sightline.training.recipe.sections import Precision


@dataclass(frozen=True)
class PrecisionChoice:
    """The precision of activations and gradients in a step, on a device, and the reason in one sentence."""

    precision: Precision
    device: torch.device
    reason: str

    def autocast(self) -> AbstractContextManager[object]:
        """Within it, torch computes in this precision wherever that is safe."""
        dtype = torch.float16 if self.precision == "fp16" else torch.bfloat16
        return torch.autocast(self.device.type, dtype, enabled=self.precision != "float32")

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps gradients in the narrow range of float16; does nothing in the other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")


def choose_precision(wanted: bool | str, device: torch.device) -> PrecisionChoice:
    """Resolve `training.mixed_precision` for a device.

    Raises:
        TrainingError: fp16 on a processor that is no GPU.
    """
    if wanted == "fp16" and device.type != "cuda":
        raise TrainingError(
            "training.mixed_precision is fp16, which needs a GPU with CUDA: its narrow range of exponents wants a "
            "loss scaler and its speed wants tensor cores. Take bf16 or auto on a CPU."
        )
    if wanted is False:
        return PrecisionChoice("float32", device, "as the recipe says")
    if isinstance(wanted, str) and wanted != "auto":
        return PrecisionChoice("bf16" if wanted == "bf16" else "fp16", device, "as the recipe says")
    if device.type == "cuda":
        return _on_gpu(wanted, device)
    if torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported():
        unit = "AMX" if torch.cpu._is_amx_tile_supported() else "AVX-512 BF16"
        return PrecisionChoice("bf16", device, f"this processor multiplies bfloat16 with {unit}")
    return PrecisionChoice("float32", device, "this processor has no instructions for bfloat16")


def _on_gpu(wanted: bool | str, device: torch.device) -> PrecisionChoice:
    name = torch.cuda.get_device_name(device)
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return PrecisionChoice("bf16", device, f"{name} computes in bfloat16")
    if wanted is True:
        return PrecisionChoice("fp16", device, f"{name} has no bfloat16; the loss is scaled")
    return PrecisionChoice(
        "float32", device, f"{name} has no bfloat16; mixed_precision=true would take float16"
    )
