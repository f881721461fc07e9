"""What the generated data set shall be like."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sightline.records import Frozen, Task

Layout = Literal["folders", "splits", "metadata"]
CameraChange = Literal["exposure", "blur", "colour_cast", "background"]
Share = Annotated[float, Field(ge=0, le=1)]


class DemoOptions(Frozen):
    """A generated inspection line. The defaults give a clean, balanced set in class folders.

    images
        Sound pictures, before anything is added to them. Picture i is the same for every `images` > i.
    task
        `multilabel`: a picture is labelled with all its kinds of defect, and a sound one with nothing; needs the
        layout `metadata`, and writes `metadata.jsonl` with a list of labels a line.
    layout
        `folders`: `<class>/<file>`; `splits`: `{train,val,test}/<class>/<file>`; `metadata`: `images/<file>`
        with `metadata.csv`, and pieces that carry more than one kind of defect.
    imbalance
        Pictures of the most frequent class (`good`) for one of the rarest; the others lie between, in
        geometric steps.
    shots_per_piece
        Pictures of one piece, a little apart in position and exposure. They are one group.
    mixed
        With `metadata`: the share of defective pieces that carry a second kind of defect. Class folders hold
        one label a picture, so there it does not apply.
    val, test
        Shares of the pieces of every class; the rest is for training.
    exact_duplicates, near_duplicates, damaged
        Files added to the sound pictures, as a share of `images`.
    duplicates_cross_splits
        Duplicates pass for new pieces and land in another split than their source: a leak to be found.
    wrong_labels
        The share of `images` that is filed under another class, at most half.
    camera_change
        What was done to the camera, on every picture: `exposure` darker, `blur` out of focus, `colour_cast`
        towards orange, `background` a bright blue belt in place of the dark one. None: nothing.
    """

    images: int = Field(default=1000, ge=1, le=1_000_000)
    seed: int = Field(default=0, ge=0)
    task: Task = "multiclass"
    layout: Layout = "folders"
    imbalance: float = Field(default=1.0, ge=1, le=1000)
    shots_per_piece: int = Field(default=1, ge=1, le=100)
    mixed: Share = 0.3
    val: float = Field(default=0.15, ge=0, lt=0.5)
    test: float = Field(default=0.15, ge=0, lt=0.5)
    exact_duplicates: Share = 0.0
    near_duplicates: Share = 0.0
    duplicates_cross_splits: bool = False
    wrong_labels: float = Field(default=0.0, ge=0, le=0.5)
    damaged: Share = 0.0
    camera_change: CameraChange | None = None

    @model_validator(mode="after")
    def _several_labels_need_a_table(self) -> "DemoOptions":
        if self.task == "multilabel" and self.layout != "metadata":
            raise ValueError(
                f"task multilabel needs layout 'metadata', not '{self.layout}': a folder is one label"
            )
        return self

    @model_validator(mode="after")
    def _leaks_need_two_splits(self) -> "DemoOptions":
        if self.duplicates_cross_splits and self.val + self.test == 0:
            raise ValueError("duplicates_cross_splits needs a second split: let val or test be above 0")
        return self
