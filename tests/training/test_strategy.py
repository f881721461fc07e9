import pytest
import torch

from quadrants import quick
from sightline.errors import TrainingError
from sightline.training import recipe_for, unused_keys
from sightline.training.loop.precision import choose_precision
from sightline.training.loop.strategy import choose_strategy

PRETRAINED = "model.pretrained=weights.safetensors"


@pytest.mark.parametrize(
    "overrides, images, strategy",
    [
        ([PRETRAINED], 4_999, "linear"),
        ([PRETRAINED], 5_000, "two_phase"),
        ([PRETRAINED], 100_000, "two_phase"),
        ([PRETRAINED], 100_001, "full"),
        (["model.pretrained=false"], 10, "scratch"),
        ([PRETRAINED, "training.freeze_backbone_epochs=1"], 10, "two_phase"),
        ([PRETRAINED, "training.strategy=full"], 10, "full"),
        ([PRETRAINED, "training.strategy=scratch"], 10, "scratch"),
    ],
)
def test_the_number_of_images_chooses_the_strategy_unless_the_recipe_does(
    overrides: list[str], images: int, strategy: str
) -> None:
    choice = choose_strategy(recipe_for("images", quick(*overrides)), images)

    assert choice.strategy == strategy
    assert choice.learns_statistics == (strategy in ("full", "scratch"))
    assert choice.reason


def test_keys_that_a_solved_head_has_no_use_for_are_named() -> None:
    recipe = recipe_for(
        "images", (PRETRAINED, "training.epochs=5", "training.ema=0.9", "training.label_smoothing=0")
    )

    (said,) = unused_keys(recipe, 100)

    assert "have no effect: ema, epochs." in said
    assert unused_keys(recipe, 6_000) == ()


def test_half_precision_with_a_narrow_range_is_refused_without_a_gpu() -> None:
    with pytest.raises(TrainingError, match="fp16, which needs a GPU with CUDA"):
        choose_precision("fp16", torch.device("cpu"))


@pytest.mark.parametrize("wanted, precision", [(False, "float32"), ("bf16", "bf16")])
def test_a_precision_that_is_named_is_taken(wanted: bool | str, precision: str) -> None:
    assert choose_precision(wanted, torch.device("cpu")).precision == precision


@pytest.mark.parametrize("unit", ["_is_amx_tile_supported", "_is_avx512_bf16_supported", None])
def test_a_cpu_computes_in_bfloat16_where_it_has_instructions_for_it(
    unit: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda has=(name == unit): has)

    choice = choose_precision("auto", torch.device("cpu"))

    assert choice.precision == ("float32" if unit is None else "bf16")
    with choice.autocast():
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (torch.float32 if unit is None else torch.bfloat16)
