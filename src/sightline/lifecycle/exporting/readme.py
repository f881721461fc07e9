"""README.md of an exported folder: for the engineer of a device who has never seen Sightline."""

from collections.abc import Iterator, Sequence

from sightline.bundle import Manifest
from sightline.lifecycle.exporting.records import ExportRecord
from sightline.lifecycle.exporting.snippets import snippet
from sightline.optimize.exporting import Kind
from sightline.records import ChecklistLine, DecisionRule, Preprocessing, Temperature
from sightline.report.rule import describe_rule

_HINTS = {"float32": "f32", "int8": "f32", "bfloat16": "bf16", "float16": "f16"}
_MARKS = {"verified": "[x]", "not verified": "[ ]", "not stated": "[ ]"}


def write_readme(
    kind: Kind, record: ExportRecord, manifest: Manifest, checklist: Sequence[ChecklistLine]
) -> str:
    """The text, in Markdown. `manifest` is that of the variant that was exported."""
    return "\n".join(_lines(kind, record, manifest, checklist)) + "\n"


def _lines(
    kind: Kind, record: ExportRecord, manifest: Manifest, checklist: Sequence[ChecklistLine]
) -> Iterator[str]:
    spec = manifest.preprocessing
    made = ", ".join(f"{name} {version}" for name, version in record.converter.items())
    yield f"# {_code(manifest.name)} for {kind.title}"
    yield ""
    yield (
        f"`{record.model}` answers {len(manifest.labels)} labels. Made from variant {_code(record.variant)} of bundle "
        f"`{record.bundle_id}` by {made}. What was verified is at the end and, with all numbers, in `export.json`."
    )
    yield "\n## 1. Preprocess\n"
    yield from _preprocess(spec)
    yield "\n## 2. Run\n"
    yield from _tensors(record)
    yield ""
    yield "```python"
    yield snippet(
        record.target,
        model=record.model,
        size_px=(spec.height_px, spec.width_px),
        classes=len(manifest.labels),
        hint=_HINTS[record.precision],
    ).rstrip()
    yield "```"
    yield "\n## 3. Decide\n"
    yield from _decide(manifest.decision, manifest.labels)
    yield "\n## 4. Replay before you trust it\n"
    yield from _replaying(record, manifest)
    yield "\n## Checklist\n"
    for line in checklist:
        yield f"- {_MARKS[line.state]} **{line.what}**: {line.state}. {line.said}"


def _preprocess(spec: Preprocessing) -> Iterator[str]:
    yield (
        f"The model takes {spec.height_px} × {spec.width_px} pixels (height × width), RGB in this order, 8 bits each, "
        "0 to 255, row by row. Do not scale, subtract or normalise anything: that is inside the model."
    )
    yield ""
    yield "1. Decode. Turn the picture upright by its EXIF orientation. Apply no colour profile."
    yield (
        f"2. Grey becomes R = G = B; transparency is laid over RGB {tuple(spec.background)}; of 16 bits the high "
        "byte counts."
    )
    yield f"3. {_resize(spec)}"
    yield (
        f"4. Resize in one pass, {spec.interpolation} **with antialiasing** (the filter widens when a picture shrinks, "
        "as Pillow's `Image.resize` does; OpenCV's `INTER_LINEAR` and most GPU samplers do not)."
    )
    if spec.jpeg_reduction is not None:
        yield (
            "5. Large JPEGs were decoded at 1/2, 1/4 or 1/8 of their size while each side stayed "
            f"{spec.jpeg_reduction:g} times what the resize needs. A full decode gives pixels that differ a little."
        )
    yield ""
    yield (
        "`golden/` has encoded pictures and, in `golden/pixels.npy` in the order of their names, the pixels that must "
        "come out: a mean difference of up to 0.5 of 255 levels, and 4 at most, is another library; more is another "
        "preprocessing. All of it is in `preprocessing.json`."
    )


def _resize(spec: Preprocessing) -> str:
    match spec.resize:
        case "shortest":
            return (
                f"Take the largest centred part with the aspect ratio {spec.width_px}:{spec.height_px}, and of its "
                f"sides the centred {spec.crop:g}."
            )
        case "squash":
            return "Take the whole picture; its aspect ratio is given up."
        case "letterbox":
            return f"Take the whole picture at its aspect ratio, centred on RGB {tuple(spec.background)}."


def _tensors(record: ExportRecord) -> Iterator[str]:
    many = "any number of pictures a call" if record.batch is None else f"{record.batch} picture a call"
    yield f"Input: {record.input}; {many}."
    yield ""
    yield "| | dtype | shape |"
    yield "|---|---|---|"
    for one in (*record.inputs, *record.outputs):
        shape = ", ".join("N" if length is None else str(length) for length in one.shape)
        yield f"| `{one.name}` | {one.dtype} | [{shape}] |"


def _decide(rule: DecisionRule, labels: Sequence[str]) -> Iterator[str]:
    """In words, and as code where the rule is the usual one."""
    yield "By `decision.json` and `labels.json` (in the order of the logits):"
    yield ""
    for number, step in enumerate(describe_rule(rule, labels), 1):
        yield f"{number}. {step}"
    if rule.outliers is not None:
        yield ""
        yield (
            "**Rejecting strange pictures is not part of this folder**: it compares the embedding with the training "
            "pictures in the bundle's `reference.npz`. On the device such a picture gets an answer like any other."
        )
    if rule.activation != "softmax" or not isinstance(rule.calibration, Temperature) or _special(rule):
        return
    yield ""
    yield "```python"
    yield "import json"
    yield ""
    yield 'labels, rule = json.load(open("labels.json")), json.load(open("decision.json"))'
    yield 'scaled = logits[0].astype(float) / rule["calibration"]["value"]'
    yield "probabilities = np.exp(scaled - scaled.max())"
    yield "probabilities /= probabilities.sum()"
    yield "answer = int(probabilities.argmax())"
    yield 'least = rule["accept_thresholds"]'
    yield 'verdict = "accept" if least is None or probabilities[answer] >= least[answer] else "review"'
    yield "print(labels[answer], probabilities[answer], verdict)"
    yield "```"


def _special(rule: DecisionRule) -> bool:
    return rule.costs is not None or rule.alarm_thresholds is not None


def _replaying(record: ExportRecord, manifest: Manifest) -> Iterator[str]:
    yield (
        f"`golden/pixels.npy` into the model must give `golden/logits.npy` within {manifest.golden.logit:g} of each "
        "picture's largest logit (at least 1), on the very device, and `golden/answers.json` the same labels. NaN is a "
        "difference. Do it in the device's own tests, and again whenever runtime, driver or operating system change."
    )
    if record.not_run:
        yield ""
        yield f"**The model was converted and not run: {record.not_run}.** This replay is the first that it has."


def _code(name: str) -> str:
    """A name as Markdown takes it literally."""
    return f"`{name.replace('`', '')}`"
