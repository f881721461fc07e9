"""The largest batch that the memory of a GPU takes, found by trying."""

import torch
from torch.nn import functional

from sightline.training.loop.precision import choose_precision
from sightline.training.loop.team import Team
from sightline.training.network.network import Network
from sightline.training.recipe.recipe import Recipe

_SMALLEST, _LARGEST = 16, 1024
# So many steps an epoch are needed for a schedule to mean anything.
_FEWEST_STEPS = 20


def find_batch_size(recipe: Recipe, network: Network, images: int, team: Team) -> int:
    """The recipe's batch size; for `auto`, the largest power of two for which a step succeeds, and 32 on a CPU.

    It leaves at least 20 steps in an epoch where there are images enough for that, and is that of all processes
    together. The network's weights and statistics are not changed.
    """
    if recipe.data.batch_size != "auto" or team.device.type != "cuda":
        return recipe.batch_size
    found = size = _SMALLEST
    while size <= _LARGEST and size * team.size * _FEWEST_STEPS <= max(images, _SMALLEST * _FEWEST_STEPS):
        if not _fits(recipe, network, size):
            break
        found, size = size, size * 2
    torch.cuda.empty_cache()
    # The process with the least memory decides.
    smallest = min(
        found, *(int(other) for other in team.gather(torch.tensor([found], device=team.device), team.size))
    )
    return smallest * team.size


def _fits(recipe: Recipe, network: Network, size: int) -> bool:
    device = network.mean.device
    images = torch.zeros((size, *recipe.data.input_size, 3), dtype=torch.uint8, device=device)
    network.eval()
    try:
        with choose_precision(recipe.training.mixed_precision, device).autocast():
            logits = network.logits(images)
        functional.cross_entropy(
            logits.float(), torch.zeros(size, dtype=torch.long, device=device)
        ).backward()  # type: ignore[no-untyped-call]
        free, total = torch.cuda.mem_get_info(device)
    except torch.OutOfMemoryError:
        return False
    finally:
        network.zero_grad(set_to_none=True)
    # Optimiser, average and what other batches need want room as well.
    return free > total // 5
