"""The processes that train together: alone, or several started by torchrun, each with a share of every batch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from sightline.errors import TrainingError

# Rank 0 reads and checks the data, and exports, while the others wait.
_PATIENCE = timedelta(hours=6)


@dataclass(frozen=True)
class Team:
    """This process's place among those that train together; `rank` 0 is the one that speaks and writes."""

    rank: int
    size: int
    device: torch.device

    @property
    def speaks(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """This process's rows of `count`: every `size`-th one, so that a cut batch is cut evenly."""
        return slice(self.rank, count, self.size)

    def gather(self, rows: Tensor, count: int) -> Tensor:
        """All `count` rows in their order, from the share `[n, …]` that each process has of them."""
        if self.size == 1:
            return rows
        longest = -(-count // self.size)
        padded = rows.new_zeros((longest, *rows.shape[1:]))
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded)
        return torch.stack(parts, dim=1).flatten(0, 1)[:count].clone()

    def total(self, number: Tensor) -> Tensor:
        """The sum of a number on this process's device over all processes; nothing waits for a GPU."""
        if self.size > 1:
            number = number.clone()
            dist.all_reduce(number)
        return number

    def any(self, said: bool) -> bool:
        """Whether any process says so: what one has to do, all do."""
        return said if self.size == 1 else bool(self.total(torch.tensor(float(said), device=self.device)))

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with gradients that are averaged over all processes."""
        if self.size == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=devices)

    def wait(self) -> None:
        """Go on when every process has come here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def join_team() -> Iterator[Team]:
    """The team that torchrun has started, through NCCL on GPUs and Gloo on CPUs; without it, this process alone.

    Raises:
        TrainingError: this machine has GPUs, but fewer than processes.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(0, 1, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
        return
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    device = choose_device(int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"]), gpus)
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
    try:
        yield Team(int(os.environ["RANK"]), size, device)
    finally:
        dist.destroy_process_group()


def choose_device(local_rank: int, local_size: int, gpus: int) -> torch.device:
    """A GPU of its own for each of the processes of one machine, or the CPU for all where it has no GPU.

    Raises:
        TrainingError: there are GPUs, but fewer than processes. Some on GPUs and some on the CPU would wait for
            each other for ever.
    """
    if gpus == 0:
        return torch.device("cpu")
    if gpus < local_size:
        raise TrainingError(
            f"{local_size} processes were started on a machine with {gpus} GPU{'s' if gpus > 1 else ''}, and each "
            f"needs one of its own. Start torchrun with --nproc-per-node {gpus}, or with CUDA_VISIBLE_DEVICES= to "
            "train on the CPU."
        )
    return torch.device("cuda", local_rank)
