from pathlib import Path

import numpy as np
import safetensors.torch
import timm
import torch

from sightline.lifecycle.backbone_embeddings import BackboneEmbedder


def test_a_backbone_embeds_whole_pictures_with_the_weights_of_the_file(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = timm.create_model("test_resnet", num_classes=7).eval()
    weights = tmp_path / "own.safetensors"
    safetensors.torch.save_file(model.state_dict(), weights)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)

    embedder = BackboneEmbedder("test_resnet", str(weights))
    embeddings = embedder.embed(pixels)

    mean, std = (torch.tensor(model.pretrained_cfg[key]).reshape(1, 3, 1, 1) for key in ("mean", "std"))
    images = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / std
    with torch.inference_mode():
        expected = model.forward_head(model.forward_features(images), pre_logits=True).numpy()
    assert np.allclose(embeddings, expected, atol=1e-4)
    assert (embedder.preprocessing.resize, embedder.preprocessing.crop) == ("squash", 1.0)
