"""Training as it is usually written down, to measure ours against: torchvision, DataLoader, float32.

`guide_two_phase` is the two-phase code of textbooks: head first, then everything, batch norm left in training mode
while the backbone is "frozen". `plain_loop` is its second phase alone, for images a second.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from sightline.dataset import Dataset as Table

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class Files(Dataset[Any]):
    """Pictures of a table, decoded by Pillow each time they are asked for."""

    def __init__(self, table: Table, transform: Callable[[Image.Image], torch.Tensor]) -> None:
        self.paths = [Path(table.store.location) / sample.path for sample in table.samples]
        self.targets = table.targets().tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[index]) as image:
            return self.transform(image.convert("RGB")), self.targets[index]


def make_model(weights: Path, classes: int, backbone: str = "mobilenetv2_100") -> nn.Module:
    model = timm.create_model(backbone, num_classes=classes).to(DEVICE)
    state = safetensors.torch.load_file(weights)
    kept = {name: value for name, value in state.items() if not name.startswith("classifier.")}
    model.load_state_dict(kept, strict=False)
    return model


def loaders(train: Table, test: Table, side_px: int, augment: Any) -> tuple[DataLoader[Any], DataLoader[Any]]:
    plain = transforms.Compose(
        [transforms.Resize((side_px, side_px)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )
    return (
        DataLoader(Files(train, augment), batch_size=32, shuffle=True, num_workers=2, drop_last=True),
        DataLoader(Files(test, plain), batch_size=64, num_workers=2),
    )


def guide_augmentation(side_px: int) -> Any:
    return transforms.Compose(
        [
            transforms.RandomResizedCrop(side_px),
            transforms.RandomHorizontalFlip(),
            transforms.TrivialAugmentWide(),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )


def usual_augmentation(side_px: int) -> Any:
    """The transforms of our own run of the same comparison, on PIL images."""
    return transforms.Compose(
        [
            transforms.Resize((side_px, side_px)),
            transforms.RandomAffine(
                10, (0.08, 0.08), (0.9, 1.1), interpolation=transforms.InterpolationMode.BILINEAR
            ),
            transforms.ColorJitter(0.2, 0.2, 0.2),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )


def learn(model: nn.Module, loader: DataLoader[Any], optimizer: torch.optim.Optimizer) -> int:
    model.train()
    images = 0
    for pixels, targets in loader:
        loss = nn.functional.cross_entropy(model(pixels.to(DEVICE)), targets.to(DEVICE))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        images += len(pixels)
    return images


@torch.inference_mode()
def predict(model: nn.Module, loader: DataLoader[Any]) -> NDArray[np.int64]:
    """Class indices `[N]`."""
    model.eval()
    return torch.cat([model(pixels.to(DEVICE)).argmax(1).cpu() for pixels, _ in loader]).numpy()


def guide_two_phase(
    train: Table, test: Table, weights: Path, *, side_px: int, epochs: tuple[int, int] = (3, 7), seed: int = 0
) -> tuple[NDArray[np.int64], float]:
    """Answers on test after all epochs, class indices `[N]`, and seconds."""
    torch.manual_seed(seed)
    started = time.perf_counter()
    model = make_model(weights, len(train.labels))
    train_loader, test_loader = loaders(train, test, side_px, guide_augmentation(side_px))
    head = list(model.get_classifier().parameters())  # type: ignore[operator]
    in_head = {id(one) for one in head}
    backbone = [one for one in model.parameters() if id(one) not in in_head]
    for one in backbone:
        one.requires_grad = False
    optimizer = torch.optim.AdamW(head, lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs[0])
    for _ in range(epochs[0]):
        learn(model, train_loader, optimizer)
        schedule.step()
    for one in backbone:
        one.requires_grad = True
    groups = [{"params": backbone, "lr": 1e-5}, {"params": head, "lr": 1e-4}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs[1])
    for _ in range(epochs[1]):
        learn(model, train_loader, optimizer)
        schedule.step()
    return predict(model, test_loader), time.perf_counter() - started


def plain_loop(train: Table, weights: Path, *, side_px: int, epochs: int = 1) -> float:
    """Training images a second, float32, everything learning, after one epoch of warming up."""
    torch.manual_seed(0)
    model = make_model(weights, len(train.labels))
    loader, _ = loaders(train, train, side_px, usual_augmentation(side_px))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
    learn(model, loader, optimizer)
    started = time.perf_counter()
    images = sum(learn(model, loader, optimizer) for _ in range(epochs))
    return images / (time.perf_counter() - started)
