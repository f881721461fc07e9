"""Transforms of several pictures against torchvision's own of one, both made to draw the same numbers."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torchvision.transforms import v2

from sightline.training.pictures.batched import batched, is_batched
from sightline.training.pictures.colour import Jitter, in_groups, one_by_one
from sightline.training.pictures.randomness import uniforms

BILINEAR = v2.InterpolationMode.BILINEAR


class Dictated(TorchFunctionMode):
    """Within it, torch's draws are made of the numbers from [0, 1) given, one after the other."""

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        super().__init__()
        self._numbers: Iterator[float] = iter(numbers.tolist())

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.rand:
            return torch.tensor([next(self._numbers)])
        if func is torch.randperm:
            return torch.from_numpy(np.argsort([next(self._numbers) for _ in range(args[0])]))
        if func is torch.randint:
            low, high = args
            return torch.tensor(int(low + (high - low) * next(self._numbers))).reshape(kwargs["size"])
        if func is Tensor.uniform_:
            pixels, low, high = args
            return pixels.fill_(float(low) + (float(high) - float(low)) * next(self._numbers))
        return func(*args, **kwargs)


def noise(count: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(3).integers(20, 220, (count, 3, 40, 56), dtype=np.uint8))


AFFINE: dict[str, Any] = {
    "degrees": 25,
    "translate": (0.2, 0.1),
    "scale": (0.7, 1.4),
    "shear": (-9, 9, -5, 5),
}
CASES = {
    "affine": v2.RandomAffine(**AFFINE, interpolation=BILINEAR),
    "affine filled": v2.RandomAffine(**AFFINE, interpolation=BILINEAR, fill=200),
    "affine filled with a colour": v2.RandomAffine(**AFFINE, interpolation=BILINEAR, fill=[9, 80, 255]),
    "affine around a point": v2.RandomAffine(**AFFINE, interpolation=BILINEAR, center=[5, 9]),
    "rotation": v2.RandomRotation([-170, 120], interpolation=BILINEAR),
    "rotation around a point": v2.RandomRotation(40, interpolation=BILINEAR, center=[5, 30], fill=90),
    "jitter": v2.ColorJitter(0.4, 0.4, 0.4, 0.2),
    "blur": v2.GaussianBlur([5, 3], [0.3, 2.5]),
    "crop": v2.RandomCrop((40, 56), padding=[3, 9, 6, 2], fill=70),
    "crop reflected": v2.RandomCrop((40, 56), padding=9, padding_mode="reflect"),
    "erasing": v2.RandomErasing(0.7, scale=(0.02, 0.2), value=[1, 20, 90]),
    "horizontal flip": v2.RandomHorizontalFlip(),
    "vertical flip": v2.RandomVerticalFlip(0.7),
    "grey": v2.RandomGrayscale(0.5),
    "invert": v2.RandomInvert(),
    "posterize": v2.RandomPosterize(2),
    "solarize": v2.RandomSolarize(120),
    "autocontrast": v2.RandomAutocontrast(),
    "equalize": v2.RandomEqualize(),
    "sharpness": v2.RandomAdjustSharpness(3.0),
}


@pytest.mark.parametrize("transform", CASES.values(), ids=CASES.keys())
def test_several_pictures_at_once_come_out_as_each_does_from_torchvision(transform: Any) -> None:
    pictures, [step] = noise(16), batched([transform])
    numbers = np.random.default_rng(8).random((16, step.draws))
    order = np.roll(np.arange(step.draws), 4) if isinstance(transform, v2.ColorJitter) else slice(None)
    expected = []
    for picture, drawn in zip(pictures, numbers, strict=True):
        with Dictated(drawn[order]):
            expected.append(transform(picture))

    out = step(pictures.clone(), numbers)

    assert is_batched(transform)
    assert out.dtype == torch.uint8
    assert (out.int() - torch.stack(expected).int()).abs().max() <= 1
    assert len({one.numpy().tobytes() for one in out - pictures}) > 1


@pytest.mark.parametrize("transform", CASES.values(), ids=CASES.keys())
def test_on_a_gpu_everything_is_there_and_nothing_is_read_back(transform: Any) -> None:
    [step] = batched([transform])
    numbers = np.random.default_rng(8).random((16, step.draws))

    # It refuses what mixes devices, and what only values could tell.
    with FakeTensorMode(allow_non_fake_inputs=True):
        out = step(torch.empty((16, 3, 40, 56), dtype=torch.uint8, device="cuda"), numbers)

    assert (out.device.type, tuple(out.shape), out.dtype) == ("cuda", (16, 3, 40, 56), torch.uint8)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("transform", CASES.values(), ids=CASES.keys())
def test_a_gpu_comes_to_the_same_pictures_but_for_rounding(transform: Any) -> None:
    pictures, [step] = noise(16), batched([transform])
    numbers = np.random.default_rng(8).random((16, step.draws))
    expected = step(pictures.clone(), numbers)

    out = step(pictures.cuda(), numbers).cpu()

    assert ((out.int() - expected.int()).abs() <= 1).float().mean() > 0.9999


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_jitter_in_groups_is_jitter_one_by_one(count: int) -> None:
    random = np.random.default_rng(4)
    factors = random.uniform(0.6, 1.4, (count, 3)).astype(np.float32)
    orders = random.permuted(np.tile(np.arange(3), (count, 1)), axis=1)
    done: list[tuple[int, int, tuple[float, ...]]] = []

    def add(place: int) -> Any:
        def operation(pixels: Tensor, factor: Any) -> Tensor:
            own = torch.as_tensor(factor, dtype=torch.float32).reshape(-1).tolist()
            done.append((place, len(pixels), tuple(own)))
            # Neither commutes with the others, so that the order shows.
            return ((pixels + place) * torch.as_tensor(factor) % 256).floor()

        return operation

    operations = [add(0), add(3), add(7)]
    alone = one_by_one(noise(count), operations, factors, orders)
    calls = len(done)
    together = in_groups(noise(count), operations, factors, orders)

    assert torch.equal(together, alone)
    assert len(done) - calls <= min(calls, 9)
    for number, (place, _, _) in enumerate(done[:calls]):
        picture, turn = divmod(number, 3)
        assert place == (0, 3, 7)[orders[picture, turn]]


def test_jitter_together_is_that_of_each_picture_whatever_the_company(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jitter, pictures = Jitter(v2.ColorJitter(0.4, 0.4, 0.4, 0.2)), noise(16)
    numbers = np.random.default_rng(8).random((16, jitter.draws))
    expected = jitter(pictures.clone(), numbers)
    monkeypatch.setattr("sightline.training.pictures.colour.one_by_one", in_groups)

    whole = jitter(pictures.clone(), numbers)
    halves = [
        jitter(pictures[part].clone(), numbers[part]) for part in (slice(0, 3), slice(3, 4), slice(4, 16))
    ]

    assert torch.equal(whole, expected)
    assert torch.equal(torch.cat(halves), expected)


def test_the_nearest_pixel_is_torchvision_s_but_for_rounding_at_a_boundary() -> None:
    transform = v2.RandomAffine(**AFFINE)
    pictures, [step] = noise(16), batched([transform])
    numbers = np.random.default_rng(8).random((16, step.draws))
    expected = []
    for picture, drawn in zip(pictures, numbers, strict=True):
        with Dictated(drawn):
            expected.append(transform(picture))

    same = step(pictures, numbers) == torch.stack(expected)

    assert same.float().mean() > 0.999


def test_a_flip_and_an_affine_map_are_one_resampling_with_the_result_of_both() -> None:
    flip, affine = v2.RandomHorizontalFlip(1.0), CASES["affine filled"]
    pictures, steps = noise(8), batched([flip, affine])
    numbers = np.random.default_rng(8).random((8, steps[0].draws))
    expected = []
    for picture, drawn in zip(pictures, numbers, strict=True):
        with Dictated(drawn):
            expected.append(affine(flip(picture)))

    assert len(steps) == 1
    assert (steps[0](pictures, numbers).int() - torch.stack(expected).int()).abs().max() <= 1


def test_a_rotation_there_and_back_loses_nothing() -> None:
    pictures = noise(2)
    there, back = (v2.RandomRotation([by, by], interpolation=BILINEAR) for by in (30, -30))
    [step] = batched([there, back])

    out = step(pictures, np.zeros((2, step.draws)))

    # Only the outermost pixels, which lie on the edge, may take up some of the fill.
    assert torch.equal(out[..., 1:-1, 1:-1], pictures[..., 1:-1, 1:-1])


@pytest.mark.parametrize(
    "transforms",
    [
        lambda: [v2.RandomAffine(5), v2.RandomRotation(5, interpolation=BILINEAR)],
        lambda: [v2.RandomAffine(5, fill=3), v2.RandomRotation(5, fill=4)],
        lambda: [v2.RandomAffine(5), v2.ColorJitter(0.1), v2.RandomRotation(5)],
    ],
    ids=["interpolation", "fill", "in between"],
)
def test_what_does_not_agree_is_not_taken_together(transforms: Callable[[], list[Any]]) -> None:
    assert len(batched(transforms())) == len(transforms())


def test_numbers_belong_to_a_place_and_not_to_the_batch() -> None:
    whole = uniforms(1, 2, np.arange(40), 5)
    places = np.array([3, 4, 5, 30, 7, 7, 39, 0])

    assert np.array_equal(uniforms(1, 2, places, 5), whole[places])
    assert len(np.unique(whole)) == whole.size
    assert not np.isin(uniforms(1, 3, np.arange(40), 5), whole).any()
