import threading
import time

import pytest

from sightline.parallel import in_order


def test_results_keep_the_order_of_the_items_however_long_each_takes() -> None:
    def slow_at_first(item: int) -> int:
        time.sleep(0.02 if item % 4 == 0 else 0)
        return item * item

    assert list(in_order(slow_at_first, range(20), workers=4)) == [item * item for item in range(20)]


def test_only_a_few_results_ever_wait_to_be_taken() -> None:
    begun: list[int] = []

    results = in_order(begun.append, range(1000), workers=2)
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert len(begun) <= 8


def test_an_error_is_raised_at_its_item_and_ends_the_work() -> None:
    lock = threading.Lock()
    begun: list[int] = []

    def fail_at_three(item: int) -> int:
        with lock:
            begun.append(item)
        if item == 3:
            raise ValueError("three")
        return item

    results = in_order(fail_at_three, range(500), workers=2)

    assert [next(results), next(results), next(results)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert len(begun) < 30
