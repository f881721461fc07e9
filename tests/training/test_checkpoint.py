import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from timm.optim import Lion
from torch import Tensor, nn

from sightline.errors import TrainingError
from sightline.training.run.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

OPTIMIZERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "adamw": lambda network: torch.optim.AdamW(network.parameters(), lr=1e-2, amsgrad=True),
    "adamw fused": lambda network: torch.optim.AdamW(network.parameters(), lr=1e-2, fused=True),
    "sgd": lambda network: torch.optim.SGD(network.parameters(), lr=1e-2, momentum=0.9, nesterov=True),
    "muon": lambda network: torch.optim.Muon([one for one in network.parameters() if one.ndim == 2], lr=1e-2),
    "lion": lambda network: Lion(network.parameters(), lr=1e-3),
    "rate as a tensor": lambda network: torch.optim.AdamW(network.parameters(), lr=torch.tensor(1e-2)),
}


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    layers = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 4, 3), nn.Flatten(), nn.Linear(64, 3)
    )
    return layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        images = torch.randn(5, 3, 8, 8, generator=generator).contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad()
        model(images).square().mean().backward()
        optimizer.step()


def same(one: Any, other: Any) -> bool:
    """Equal in value, kind, type, shape and bits, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        bits = [tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other)]
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(*bits)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return repr(one) == repr(other)


def written_and_read(tmp_path: Path, **parts: Any) -> Checkpoint:
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, Checkpoint(**{"tensors": {}, "optimizer": {}, "facts": {}} | parts))
    return read_checkpoint(path)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optimizer_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(
    make: Callable[[nn.Module], torch.optim.Optimizer], tmp_path: Path
) -> None:
    model = network(seed=1)
    optimizer = make(model)
    learn(model, optimizer, range(3))

    read = written_and_read(
        tmp_path, tensors={"network": model.state_dict()}, optimizer=optimizer.state_dict()
    )
    resumed = network(seed=2)
    resumed.load_state_dict(dict(read.tensors["network"]))
    other = make(resumed)
    other.load_state_dict(dict(read.optimizer))

    assert same(read.optimizer, optimizer.state_dict())
    learn(model, optimizer, range(3, 6))
    learn(resumed, other, range(3, 6))
    assert same(dict(resumed.state_dict()), dict(model.state_dict()))


def test_the_state_of_a_loss_scaler_comes_back(tmp_path: Path) -> None:
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale(torch.tensor(1.0))

    state = written_and_read(tmp_path, facts={"scaler": scaler.state_dict()}).facts["scaler"]

    assert state == scaler.state_dict()
    assert state["scale"] == 1024.0


NESTED = {
    "no numbers": [float("nan"), float("inf"), float("-inf"), -0.0],
    "floats to the last bit": [0.1, 1 / 3, 5e-324, 1.7976931348623157e308],
    "tuples and lists": (1, (2.0, [True, None], ()), []),
    "keys of other kinds": {1: "a", "1": "b", None: "c", (1, "x"): "d", 2.5: "e"},
    "tensors under keys alike in print": {1: torch.tensor(1), "1": torch.tensor(2)},
    "the mark itself": {"!": "tensor", "of": "nothing"},
    "large integers": {"seed": 2**63 + 1},
    "letters": {"Größe/é\n": "✓"},
}


@pytest.mark.parametrize("value", NESTED.values(), ids=NESTED)
def test_nested_values_come_back_with_their_kinds(value: Any, tmp_path: Path) -> None:
    read = written_and_read(tmp_path, facts={"value": value})

    assert same(read.facts["value"], value)


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int8,
        torch.uint8,
        torch.bool,
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(), (0, 3), (3, 5)], ids=str)
def test_tensors_come_back_bit_for_bit(dtype: torch.dtype, shape: tuple[int, ...], tmp_path: Path) -> None:
    tensor = (torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2).to(dtype)
    odd = torch.tensor([True, False, True])  # so that what follows it would not be aligned by chance

    read = written_and_read(tmp_path, tensors={"group": {"odd": odd, "tensor": tensor}})

    assert same(read.tensors["group"]["tensor"], tensor)
    assert same(read.tensors["group"]["odd"], odd)


def test_tensors_keep_their_strides_and_lose_what_they_shared(tmp_path: Path) -> None:
    images = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    whole = torch.arange(6.0)

    group = written_and_read(
        tmp_path, tensors={"group": {"images": images, "whole": whole, "part": whole[2:4]}}
    ).tensors["group"]

    assert group["images"].stride() == images.stride()
    assert torch.equal(group["images"], images)
    group["whole"].zero_()
    assert group["part"].tolist() == [2.0, 3.0]


def test_a_value_of_another_kind_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'facts/schedule/0' is a set, which a checkpoint cannot hold"):
        written_and_read(tmp_path, facts={"schedule": [{1, 2}]})

    assert list(tmp_path.iterdir()) == []


def newer(path: Path) -> None:
    write_checkpoint(path, Checkpoint({}, {}, {}))
    content = path.read_bytes()
    path.write_bytes(content.replace(rb"\"schema_version\": 1", rb"\"schema_version\":91"))


def shortened(path: Path, *, by: int) -> None:
    write_checkpoint(path, Checkpoint({"network": {"weight": torch.ones(100)}}, {}, {}))
    path.write_bytes(path.read_bytes()[:-by])


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "cannot be read: .*--fresh"),
    "empty": (lambda path: path.write_bytes(b""), "is damaged: .*--fresh"),
    "no safetensors": (lambda path: path.write_bytes(b"PK\x03\x04" * 100), "is damaged: .*--fresh"),
    "truncated values": (lambda path: shortened(path, by=1), "is damaged: .*--fresh"),
    "truncated header": (lambda path: shortened(path, by=450), "is damaged: .*--fresh"),
    "somebody else's": (
        lambda path: safetensors.torch.save_file({"weight": torch.ones(3)}, path),
        "is a safetensors file but no checkpoint",
    ),
    "newer": (newer, r"has schema version 91; this Sightline reads up to 1. Update Sightline"),
}


@pytest.mark.parametrize("damage, says", DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_that_cannot_be_used_is_named_with_what_to_do(
    damage: Callable[[Path], object], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    damage(path)

    with pytest.raises(TrainingError, match=f"checkpoint.safetensors' {says}"):
        read_checkpoint(path)


# One process that imports torch and, round after round, forks a writer and kills it; a fork costs nothing.
KILLER = """
import itertools, os, pathlib, random, signal, sys, time, torch
from sightline.training.run.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

torch.set_num_threads(1)
path, moments, last = pathlib.Path(sys.argv[1]), random.Random(7), 0

def write_forever(first, told):
    for step in itertools.count(first):
        weights = {str(index): torch.full((200, 200), float(step)) for index in range(10)}
        write_checkpoint(path, Checkpoint({"network": weights}, {}, {"step": step}))
        os.write(told, b"%d\\n" % step)

for _ in range(20):
    heard, told = os.pipe()
    writer = os.fork()
    if writer == 0:
        write_forever(last + 1, told)
    os.close(told)
    said = os.read(heard, 100)
    time.sleep(moments.uniform(0, 0.03))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    while more := os.read(heard, 100_000):
        said += more
    os.close(heard)
    read = read_checkpoint(path)
    last = read.facts["step"]
    whole = all(bool((weight == last).all()) for weight in read.tensors["network"].values())
    print(int(said.split()[-1]), last, whole)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_checkpoint_reads_back_after_a_kill_at_any_moment(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLER, str(tmp_path / "checkpoint.safetensors")]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    rounds = [line.split() for line in done.stdout.splitlines()]
    assert len(rounds) == 20
    assert {whole for _, _, whole in rounds} == {"True"}
    # The last one that was told of, or the one after it, which was in its place before that could be told.
    assert {int(read) - int(told) for told, read, _ in rounds} <= {0, 1}
