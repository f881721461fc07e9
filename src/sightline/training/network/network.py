"""The network: uint8 images in; logits, embedding and feature map out. Normalisation lies inside."""

import difflib
import warnings
from typing import NamedTuple

import timm
import torch
from torch import Tensor, nn

from sightline.errors import TrainingError
from sightline.training.network.head import attach_head
from sightline.training.network.weights import TimmModel, load_pretrained
from sightline.training.recipe.recipe import Recipe


class Outputs(NamedTuple):
    """logits float32 `[N, C]`, embedding float32 `[N, D]`, feature_map float32 `[N, Dm, h, w]`."""

    logits: Tensor
    embedding: Tensor
    feature_map: Tensor


class Network(nn.Module):
    """A timm model that takes what the cameras give.

    backbone
        A timm classification model, its classifier included.
    mean, std
        One value for each channel R, G, B, for pixels in [0, 1].
    """

    backbone: TimmModel
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: TimmModel,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1) * 255, persistent=False)

    def forward(self, images_nhwc: Tensor) -> Outputs:
        """All outputs for uint8 RGB images `[N, H, W, 3]`, values 0 to 255."""
        features = self.features(images_nhwc)
        embedding = self.embed(features)
        return Outputs(self.head(embedding), embedding, self.feature_map(features))

    def logits(self, images_nhwc: Tensor) -> Tensor:
        """Logits only, float32 `[N, C]`: what training needs."""
        logits: Tensor = self.head(self.embed(self.features(images_nhwc)))
        return logits

    def features(self, images_nhwc: Tensor) -> Tensor:
        """The backbone's unpooled features in its own layout, from uint8 RGB images `[N, H, W, 3]`."""
        features: Tensor = self.backbone.forward_features(self.normalize(images_nhwc))
        return features

    def normalize(self, images_nhwc: Tensor) -> Tensor:
        """Normalised images, float32 `[N, 3, H, W]`, from uint8 RGB images `[N, H, W, 3]`."""
        # Transposed while each value is still one byte: a quarter of the memory traffic of floats.
        images = images_nhwc.permute(0, 3, 1, 2)
        if torch.compiler.is_exporting():
            # A graph has no strides: channels-last ones would be exported as gathers over index tables.
            images = images.contiguous()
        return (images.float() - self.mean) / self.std

    def embed(self, features: Tensor) -> Tensor:
        """The embedding, float32 `[N, D]`, from unpooled features; dropout included while training."""
        embedding: Tensor = self.backbone.forward_head(features, pre_logits=True)
        return embedding

    def feature_map(self, features: Tensor) -> Tensor:
        """Unpooled features as a map, float32 `[N, Dm, h, w]`."""
        if features.ndim == 3:
            return self._token_grid(features)
        if getattr(self.backbone, "output_fmt", "NCHW") == "NHWC":
            return features.permute(0, 3, 1, 2)
        return features

    @property
    def head(self) -> nn.Module:
        """The classifier: what turns an embedding into logits."""
        head: nn.Module = self.backbone.get_classifier()
        return head

    def _token_grid(self, tokens: Tensor) -> Tensor:
        height, width = self.backbone.patch_embed.grid_size
        patches = tokens[:, getattr(self.backbone, "num_prefix_tokens", 0) :]
        return patches.transpose(1, 2).reshape(-1, tokens.shape[2], height, width)


def build_network(recipe: Recipe, num_classes: int, *, pretrained: bool | None = None) -> Network:
    """The recipe's network on the CPU, in evaluation mode: a new head on a backbone as `model.pretrained` says.

    pretrained
        Whether to load those weights; None: unless the recipe's strategy is `scratch`.

    Raises:
        TrainingError: timm does not know the backbone, its weights cannot be had, or it does not take the
            recipe's input size.
    """
    torch.manual_seed(recipe.seed)
    backbone = _create(recipe.model.backbone, num_classes, recipe.model.dropout)
    wanted = recipe.training.strategy != "scratch" if pretrained is None else pretrained
    load_pretrained(backbone, recipe.pretrained if wanted else False)
    attach_head(backbone, recipe.model, num_classes)
    standard = backbone.pretrained_cfg
    normalization = recipe.normalization()
    network = Network(
        backbone,
        normalization.mean if normalization else standard["mean"],
        normalization.std if normalization else standard["std"],
    ).eval()
    _fit_to_size(network, recipe.data.input_size, recipe.model.backbone)
    return network


def _create(name: str, num_classes: int, dropout: float) -> TimmModel:
    if not timm.is_model(name):
        close = ", ".join(difflib.get_close_matches(name, timm.list_models(), n=3))
        hint = f"Did you mean {close}?" if close else "See timm.list_models()."
        raise TrainingError(f"model.backbone is '{name}', which timm does not know. {hint}")
    return timm.create_model(name, num_classes=num_classes, drop_rate=dropout)


def _fit_to_size(network: Network, input_size: tuple[int, int], name: str) -> None:
    backbone = network.backbone
    height, width = input_size
    images = torch.zeros((1, height, width, 3), dtype=torch.uint8)
    _require_whole_patches(backbone, input_size, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # timm's own, while it resamples position embeddings
            if hasattr(backbone, "set_input_size"):
                # Not in inference mode: the new embeddings could never learn.
                backbone.set_input_size(img_size=input_size)
            with torch.inference_mode():
                outputs = network(images)
                plain = backbone(network.normalize(images))
    except (RuntimeError, ValueError, AssertionError) as err:
        raise TrainingError(f"'{name}' does not take images of {height} × {width} px: {err}") from err
    if outputs.feature_map.ndim != 4 or not torch.allclose(outputs.logits, plain, atol=1e-5):
        raise TrainingError(
            f"'{name}' does not go from features through one embedding to its logits, so it cannot be used. "
            "Choose another model.backbone."
        )


def _require_whole_patches(backbone: TimmModel, input_size: tuple[int, int], name: str) -> None:
    # timm would leave out the rows and columns that fill no patch, and say nothing.
    patch = getattr(getattr(backbone, "patch_embed", None), "patch_size", (1, 1))
    if any(side % length for side, length in zip(input_size, patch, strict=True)):
        raise TrainingError(
            f"'{name}' cuts images into patches of {patch[0]} × {patch[1]} px and cannot take "
            f"{input_size[0]} × {input_size[1]} px whole. Make data.input_size multiples of the patch."
        )
