"""A list of paths, one a line; the class of a picture is the name of the folder it lies in."""

from collections.abc import Iterator
from typing import BinaryIO

from sightline.dataset.sources.labels import label_problem
from sightline.dataset.sources.mistakes import Mistakes
from sightline.dataset.sources.text import text_lines


def path_rows(stream: BinaryIO, mistakes: Mistakes) -> Iterator[tuple[int, dict[str, object]]]:
    """Rows of path and class with their lines; empty lines and those that begin with # are passed over.

    Raises:
        DatasetError: the file is no text.
    """
    for number, line in text_lines(stream, mistakes.name):
        path = line.strip()
        if not path or path.startswith("#"):
            continue
        label = path.rpartition("/")[0].rpartition("/")[2]
        problem = label_problem(label)
        if "\\" in path:
            mistakes.add(number, f"'{path}' has a backslash. Write / between folders.")
        elif label in ("", ".", ".."):
            mistakes.add(number, f"'{path}' lies in no folder that names its class. Write class/picture.jpg.")
        elif problem:
            mistakes.add(number, f"'{path}': its folder {problem}")
        else:
            yield number, {"file_name": path, "label": label}
