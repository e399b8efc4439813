"""A reader's model card, from its recipe and what it was measured to reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from streetshop.lab.data.classes import CLASSES
from streetshop.lab.data.splits import Split
from streetshop.lab.evaluate.intervals import Estimate
from streetshop.lab.train.tasks.reader.articles import Kind, Named
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe
from streetshop.looks.reader import OnnxReader
from streetshop.models.folder import CARD_FILE

_BACKBONES: Final = {"efficientnet_lite0": "EfficientNet-Lite0", "efficientnet_lite2": "EfficientNet-Lite2"}
_KINDS: Final[Mapping[Kind, str]] = {
    "photo": "lying, hanging or held (Clothing dataset)",
    "cutout": "the same, cut out onto white by the teacher",
    "worn": "worn ones (Clothing Co-Parsing), cut out onto white by their pixel labels",
}
_SENDERS: Final = {
    "train": "training senders and photos, which says nothing about others",
    "val": "validation senders and photos",
    "test": "test senders and photos, from whom nothing was learned",
}


def write_card(
    reader: OnnxReader,
    recipe: ReaderRecipe,
    numbers: dict[str, Any],
    sure: Mapping[str, Estimate],
    speed: dict[str, float],
    split: Split,
    named: Mapping[Kind, Named] | None = None,
) -> None:
    """``card.md``: what it is, from what, how good, what it cannot do.

    Args:
        numbers, sure: of :func:`~streetshop.lab.evaluate.reader.summary` and ``intervals``.
        split: of the photos measured on.
        named: the result of ``judge_names`` in ``train.tasks.reader.articles``; None without single garments.
    """
    spec, out = reader.spec, reader.folder
    photos = {
        "train": "training photos, which says nothing about other photos",
        "val": "validation photos, to which scores and thresholds were fitted",
        "test": "test photos that nothing was trained or fitted on; `docs/reader.md` says what was seen of them",
    }[split]
    classes = "\n".join(
        f"| {name} | {numbers['iou'][name]:.2f} | {_number(numbers['ap50_by_class'].get(name))} | "
        f"{numbers['truths'].get(name, '')} |"
        for name in CLASSES
    )
    size = (out / spec.model).stat().st_size / 2**20
    heads = f"classes at {'half' if recipe.detail else 'a quarter'} of the input's size, keypoints at a quarter"
    if recipe.guided:
        heads += "; a guided filter lets classes end where colours change"
    if spec.articles:
        heads += "; names of articles that nobody wears, from the backbone's last map"
    (out / CARD_FILE).write_text(
        f"""# {spec.name}, version {spec.version}

A reader: garment classes of every pixel, garments, persons and 17 COCO keypoints of a photo.

| | |
|---|---|
| network | {_BACKBONES[recipe.backbone]} (ImageNet-1k start, Apache-2.0), feature pyramid; {heads} |
| trained on | Clothing Co-Parsing (Apache-2.0), 80 % of the photos with pixel labels; Clothing dataset (CC0), cut out |
| keypoints learned from | MediaPipe 0.10.21 BlazePose (Apache-2.0), points it was unsure of left out |
| made by | `make reader DATA=...`, recipe `recipes/reader.yaml` |
| input | {spec.input.width} x {spec.input.height}: about so many pixels, in the photo's own sides' ratio |
| size | {size:.1f} MiB, half precision on disk, single precision when running |
| licence | Apache-2.0 |

On {numbers["photos"]} {photos} (Clothing Co-Parsing); in brackets 95 % bootstrap intervals over photos:

| what | |
|---|---|
| mIoU over {len(CLASSES)} classes | {sure["miou"]} |
| pixel accuracy | {sure["accuracy"].mean:.4f} [{sure["accuracy"].low:.4f}, {sure["accuracy"].high:.4f}] |
| box AP50, mean over classes | {sure["ap50"]} |
| PCK at 0.1 / 0.2 of the torso, against the teacher | {_pck(numbers)} |
| ms a photo, decoding left out, two threads: median / fastest | {speed["median"]:.0f} / {speed["fastest"]:.0f} |

| class | IoU | box AP50 | true garments |
|---|---|---|---|
{classes}

{_names(named, split)}A garment's score is the probability that a true garment of its class overlaps its box by half,
fitted on the validation photos{_alone(spec.articles)}.

Limits: the labels it learned from are coarse and name garments inconsistently (top or outerwear, dress or top and
skirt); the street photos show mostly women in Western street fashion, upright and whole; a second person is kept apart
only when not in front of the first.
""",
        encoding="utf-8",
    )


def _alone(articles: bool) -> str:
    return "; that of an article that nobody wears is how sure its name is" if articles else ""


def _names(named: Mapping[Kind, Named] | None, split: Split) -> str:
    """Of single articles; nothing where none was looked at."""
    if not named:
        return ""
    rows = "\n".join(f"| {_KINDS[kind]} | {one.pictures} | {one.found} | {one.right} |" for kind, one in named.items())
    return f"""Articles that nobody wears, of {_SENDERS[split]}; the largest garment found in each picture:

| pictures | in all | garment found | named as labelled, of all |
|---|---|---|---|
{rows}

"""


def _pck(numbers: dict[str, Any]) -> str:
    return f"{numbers['pck@0.1']:.3f} / {numbers['pck@0.2']:.3f}" if "pck@0.1" in numbers else "not measured"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
