"""Export a run of kind ``reader``: classes balanced, scores and thresholds fitted on the validation photos."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from streetshop.core.photo import Photo
from streetshop.lab.core import files
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.data.sets import clothing as clothing_set
from streetshop.lab.data.sets.ccp import class_labels
from streetshop.lab.evaluate.reader import judge
from streetshop.lab.evaluate.report import Dataset, Report
from streetshop.lab.export.bundle import Network, check_free, export_bundle, probe_images, write_network
from streetshop.lab.export.calibration import RAW, fit_calibration, fit_thresholds
from streetshop.lab.nets.backbones import TF_SCALE
from streetshop.lab.nets.reader import SIDE_STEP, ReaderNet
from streetshop.lab.train.tasks.reader.balance import fit_offsets
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe
from streetshop.lab.train.tasks.reader.views import PADDING
from streetshop.looks.reader import PHOTO_SIDE, OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.spec import DEFAULT_CLASS_RULES, InputSpec, ReaderSpec

MODEL: Final = "model.onnx"
SERVED: Final = (384, 256)
"""Default height and width of a photo as the network sees it."""
_BACKBONES: Final = {"efficientnet_lite0": "EfficientNet-Lite0", "efficientnet_lite2": "EfficientNet-Lite2"}

SUMMARY: Final = "A reader: garment classes of every pixel, garments, persons and 17 COCO keypoints of a photo."
HEADS: Final = {
    "guided": "; a guided filter aligns the edges of classes with those of the photo",
    "articles": "; a head on the backbone's last map names garments that nobody wears",
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


def load_net(weights: Path, recipe: ReaderRecipe) -> ReaderNet:
    """The trained network, ready to run."""
    net = ReaderNet(
        backbone=recipe.backbone, width=recipe.width, detail=recipe.detail, guided=recipe.guided, weights="none"
    )
    state, _ = files.read_weights(weights)
    net.load_state_dict(state)
    return net.eval()


def export_reader(
    net: ReaderNet,
    recipe: ReaderRecipe,
    out: Path,
    *,
    ccp: Path,
    val: Sequence[str],
    size: tuple[int, int] = SERVED,
    half: bool = True,
) -> Path:
    """Write a bundle.

    Args:
        net: the trained network; its class biases are balanced in place.
        recipe: what it was trained by.
        out: the bundle's folder; must be absent or empty.
        ccp: root of Clothing Co-Parsing.
        val: numbers of the photos that balance the classes and calibrate the scores; never test photos.
        size: (height, width) of a photo as the network sees it; other shapes get as many pixels.
        half: whether weights may be stored in half precision.

    Returns:
        ``out``.

    Raises:
        RunError: the folder exists, or the exported network disagrees with the trained one.
    """
    check_free(out)
    spec = _spec(recipe, size)
    network = Network(net, ("classes", "keypoints"), probe_images(spec.input)[:2], any_size=True)
    _balance(network, spec, ccp, val)
    net.guided = recipe.guided

    def calibrate(folder: Path, spec: ReaderSpec) -> ReaderSpec:
        judged = judge(OnnxReader(folder, threads=2), ccp, val, None, Rules(CLASSES, GARMENTS, RAW))
        calibration = fit_calibration(judged)
        return spec.model_copy(update={"calibration": calibration, "thresholds": fit_thresholds(judged, calibration)})

    return export_bundle(out, {MODEL: network}, spec, _report(recipe, spec), half=half, calibrate=calibrate)


def _balance(network: Network, spec: ReaderSpec, ccp: Path, val: Sequence[str]) -> None:
    """Add to the class biases what :func:`fit_offsets` finds, before the guided filter: after it they fit worse."""
    net = cast(ReaderNet, network.module)
    net.guided = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_network(replace(network, images=network.images[:1]), folder / MODEL)
        digest = {MODEL: file_sha256(folder / MODEL)}
        write_spec(folder, spec.model_copy(update={"files": digest, "probabilities": False}))
        offsets = _offsets(OnnxReader(folder, threads=2), ccp, val)
    with torch.no_grad():
        cast(Tensor, net.classes.bias).add_(torch.from_numpy(offsets))


def _offsets(reader: OnnxReader, ccp: Path, names: Sequence[str]) -> NDArray[np.float32]:
    """Class offsets fitted on photos, at the resolution of the reader's masks."""
    logits, labels = [], []
    for name in names:
        planes = reader.see(Photo.from_path(ccp / "photos" / f"{name}.jpg", at_least=PHOTO_SIDE)).probabilities
        height, width = planes.shape[1:]
        truth = Image.fromarray(class_labels(ccp, name)).resize((width, height), Image.Resampling.NEAREST)
        logits.append(np.log(planes.reshape(len(planes), -1) + 1e-8))
        labels.append(np.asarray(truth).ravel())
    return fit_offsets(logits, labels)


def _spec(recipe: ReaderRecipe, size: tuple[int, int]) -> ReaderSpec:
    return ReaderSpec(
        name=recipe.name,
        version=recipe.version,
        input=InputSpec(
            width=size[1], height=size[0], fit="stretch", background=PADDING, mean=TF_SCALE.mean, std=TF_SCALE.std
        ),
        side_step=SIDE_STEP,
        classes=CLASSES,
        garments=GARMENTS,
        keypoints=True,
        probabilities=recipe.guided > 0,
        rules=DEFAULT_CLASS_RULES,
        files={MODEL: ""},
        about="Garment classes per pixel and 17 keypoints; trained on Clothing Co-Parsing and the Clothing dataset.",
    )


def _report(recipe: ReaderRecipe, spec: ReaderSpec) -> Report:
    heads = f"classes at {'half' if recipe.detail else 'a quarter'} of the input's size, keypoints at a quarter"
    if recipe.guided:
        heads += HEADS["guided"]
    if spec.articles:
        heads += HEADS["articles"]
    return Report(
        name=spec.name,
        version=spec.version,
        kind="reader",
        summary=SUMMARY,
        facts={"network": f"{_BACKBONES[recipe.backbone]} (ImageNet-1k start, Apache-2.0), feature pyramid; {heads}"},
        recipe="`recipes/reader.yaml`, `streetshop lab train reader --data FOLDER_OF_BOTH_SETS --out RUN`",
        licence=spec.licence,
        data=TRAINED_ON,
        notes=NOTES,
        limits=LIMITS,
    )
