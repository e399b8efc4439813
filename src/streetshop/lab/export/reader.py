"""Export a run of kind ``reader``: scores and thresholds are fitted on the validation photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.data.sets import clothing as clothing_set
from streetshop.lab.evaluate.reader import judge
from streetshop.lab.evaluate.report import Dataset, Report
from streetshop.lab.export.bundle import MODEL, Network, check_free, export_bundle, probe_images
from streetshop.lab.export.calibration import RAW, fit_calibration, fit_thresholds
from streetshop.lab.nets.reader import ReaderNet
from streetshop.lab.train.reader_recipe import ReaderRecipe
from streetshop.lab.train.tasks.reader.looking import reader_spec
from streetshop.looks.reader import OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models.spec import ReaderSpec

_BACKBONES: Final = {"efficientnet_lite0": "EfficientNet-Lite0", "efficientnet_lite2": "EfficientNet-Lite2"}

SUMMARY: Final = "A reader: garment classes of every pixel, garments, persons and 17 COCO keypoints of a photo."
HEADS: Final = {
    "guided": "; a guided filter aligns the edges of classes with those of the photo",
    "articles": "; a head on the backbone's last map names garments that nobody wears",
    "features": "; a framing head in a bundle of its own reads the map of stride 16",
}
TRAINED_ON: Final = (
    Dataset(
        name="Clothing Co-Parsing",
        use="trained on 80 % of the photos with pixel labels",
        licence=ccp_set.STATED_LICENCE,
    ),
    Dataset(
        name="Clothing dataset",
        use="trained on the garments of 80 % of the senders",
        licence=clothing_set.LICENCE,
    ),
    Dataset(
        name="MediaPipe 0.10.21 BlazePose",
        use="teacher of the keypoints and cut-outs; uncertain points are left out",
        licence="Apache-2.0",
    ),
)
NOTES: Final = (
    "A garment's score is the probability that a true garment of its class overlaps its box by half, fitted on "
    "the validation photos; the score of a garment that nobody wears is the probability of its name.",
)
LIMITS: Final = (
    "The labels are coarse and name garments inconsistently (top or outerwear, dress or top and skirt).",
    "The street photos show mostly women in Western street fashion, upright and whole.",
    "A second person is separated only when not in front of the first.",
)


def export_reader(
    net: ReaderNet,
    recipe: ReaderRecipe,
    out: Path,
    *,
    ccp: Path,
    val: Sequence[str],
    half: bool = True,
) -> Path:
    """Write a bundle.

    Args:
        net: the trained network.
        recipe: what it was trained by.
        out: the bundle's folder; must be absent or empty.
        ccp: root of Clothing Co-Parsing.
        val: numbers of the photos that calibrate the scores; never test photos.
        half: whether weights may be stored in half precision.

    Returns:
        ``out``.

    Raises:
        RunError: the folder exists, or the exported network disagrees with the trained one.
    """
    check_free(out)
    spec = reader_spec(recipe).model_copy(update={"features": net.feature_channels})
    outputs = ("classes", "keypoints", *(["articles"] if spec.articles else []), "features")
    network = Network(net, outputs, probe_images(spec.input)[:2], any_size=True)

    def calibrate(folder: Path, spec: ReaderSpec) -> ReaderSpec:
        judged = judge(OnnxReader(folder, threads=2), ccp, val, None, Rules(CLASSES, GARMENTS, RAW))
        calibration = fit_calibration(judged)
        return spec.model_copy(update={"calibration": calibration, "thresholds": fit_thresholds(judged, calibration)})

    return export_bundle(out, {MODEL: network}, spec, _report(recipe, spec), half=half, calibrate=calibrate)


def _report(recipe: ReaderRecipe, spec: ReaderSpec) -> Report:
    heads = f"classes at {'half' if recipe.model.detail else 'a quarter'} of the input's size, keypoints at a quarter"
    if recipe.model.guided:
        heads += HEADS["guided"]
    if spec.articles:
        heads += HEADS["articles"]
    if spec.features:
        heads += HEADS["features"]
    backbone = _BACKBONES[recipe.model.backbone.name]
    return Report(
        name=spec.name,
        version=spec.version,
        kind="reader",
        summary=SUMMARY,
        facts={"network": f"{backbone} (ImageNet-1k start, Apache-2.0), feature pyramid; {heads}"},
        recipe="`recipes/reader.yaml`, `streetshop lab train reader --data FOLDER_OF_BOTH_SETS --out RUN`",
        licence=spec.licence,
        data=TRAINED_ON,
        notes=NOTES,
        limits=LIMITS,
    )
