"""Export a run of kind ``detector``: scores and thresholds are fitted on the validation pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import PhotoError, RunError
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.evaluate.detection import Boxes, box_iou, match_queries
from streetshop.lab.evaluate.report import Dataset, Report
from streetshop.lab.export.bundle import MODEL, Network, check_free, export_bundle
from streetshop.lab.export.calibration import best_threshold, platt
from streetshop.lab.nets.detect import Detector
from streetshop.lab.train.detector_recipe import DetectorRecipe
from streetshop.lab.train.tasks.detect.data import DetectorData, Picture
from streetshop.lab.train.tasks.detect.views import batch_input, draw_view, input_spec
from streetshop.looks import PHOTO_SIDE
from streetshop.models.detector import DetectorNetwork
from streetshop.models.spec import DEFAULT_CLASS_RULES, DetectorSpec

_PROBES: Final = 4
_COMPARED: Final = 50
_LEAST_SURE: Final = 0.1
"""The boxes of a picture that the exported network must find again: so many of the highest scores, from this one on."""
_SAME_BOX, _SAME_SCORE = 0.95, 0.02
_LOST: Final = 0.05
"""Share of them that may differ: of two scores that are all but level, now one and now the other comes first."""
_FEW: Final = 8
"""Found boxes of a class below which it uses the threshold of all classes together."""
_AXES: Final = {name: {0: "found"} for name in ("boxes", "scores", "labels", "masks")}
NETWORKS: Final = {
    "mask-rcnn": "Mask R-CNN with a feature pyramid (torchvision, BSD-3-Clause)",
    "rt-detr": "RT-DETR v2 (transformers, Apache-2.0)",
}
SUMMARY: Final = "A detector: a box, a class and a score for each garment of a photo."
LIMITS: Final = ("It sees neither persons nor keypoints: view and full shot of a photo are unknown.",)
NOTES: Final = (
    "A garment's score is the probability that a true box of its class overlaps its box by half, fitted on the "
    "validation pictures.",
)


def export_detector(
    net: Detector,
    recipe: DetectorRecipe,
    data: DetectorData,
    out: Path,
    *,
    trained_on: Sequence[Dataset] = (),
    half: bool = True,
) -> Path:
    """Write a bundle.

    Args:
        net: the trained network.
        recipe: what it was trained by.
        data: its classes, and the validation pictures that calibrate the scores; never test pictures.
        out: the bundle's folder; must be absent or empty.
        trained_on: for the card.
        half: whether weights may be stored in half precision.

    Returns:
        ``out``.

    Raises:
        RunError: the folder exists, or the exported network disagrees with the trained one.
    """
    check_free(out)
    names, kinds = data.classes.names, dict(data.classes.kinds)
    spec = DetectorSpec(
        name=recipe.name,
        version=recipe.version,
        input=input_spec(recipe, net.scale),
        classes=names,
        kinds=kinds,
        masks=net.has_masks,
        on_leg=tuple(name for name in names if kinds.get(name) in DEFAULT_CLASS_RULES.on_leg),
        files={MODEL: ""},
        about=recipe.about,
    )
    axes = {name: axis for name, axis in _AXES.items() if name in net.outputs}
    network = Network(net, net.outputs, _probes(recipe, spec, data), axes=axes, lost=lost_boxes, most_lost=_LOST)

    def calibrate(folder: Path, spec: DetectorSpec) -> DetectorSpec:
        return calibrated(DetectorNetwork(folder, threads=2), data.val)

    return export_bundle(out, {MODEL: network}, spec, _report(recipe, spec, trained_on), half=half, calibrate=calibrate)


def _probes(recipe: DetectorRecipe, spec: DetectorSpec, data: DetectorData) -> NDArray[np.float32]:
    """Pictures on which the exported network must find what the trained one does: noise shows nothing to find."""
    views = []
    for picture in (*data.val, *data.train):
        if (view := draw_view(picture, recipe, masks=False)) is not None:
            views.append(view)
        if len(views) == _PROBES:
            break
    if not views:
        where = str(data.train[0].rows[0].path)
        raise RunError("no picture can be decoded to compare networks on", where=where, hint="Put the pictures back")
    images: NDArray[np.float32] = batch_input(views, spec.input).numpy()
    return images


def lost_boxes(wanted: Sequence[NDArray[Any]], found: Sequence[NDArray[Any]]) -> float:
    """Share of a network's most confident boxes that the exported one does not find: same class, box and score."""
    order = np.argsort(-wanted[1], kind="stable")
    order = order[wanted[1][order] >= _LEAST_SURE][:_COMPARED]
    if not len(order):  # nothing is sure: then nothing may be sure of what was exported either
        return float((found[1] >= _LEAST_SURE + _SAME_SCORE).any())
    boxes, scores, labels = (value[order] for value in wanted[:3])
    same = (box_iou(boxes, found[0]) >= _SAME_BOX) & (labels[:, None] == found[2][None, :])
    same &= np.abs(scores[:, None] - found[1][None, :]) <= _SAME_SCORE
    return float(1 - same.any(axis=1).mean())


def calibrated(network: DetectorNetwork, pictures: Sequence[Picture]) -> DetectorSpec:
    """The bundle's spec with scores that are probabilities, and the threshold of the best F1 for each class."""
    spec = network.spec
    logits: list[float] = []
    right: list[bool] = []
    names: list[str] = []
    truths: list[str] = []
    with Progress("calibrating", len(pictures)) as progress:
        for picture in pictures:
            progress.advance()
            try:
                photo = picture.rows[0].load_photo(PHOTO_SIDE)
            except PhotoError as error:
                say(f"left out: {error}")
                continue
            found = network.detect(photo)
            truth = picture.boxes
            truths += [spec.classes[label] for label in truth.labels[~picture.crowd]]
            matched = set(match_queries(truth, Boxes.of(found.corners, found.labels, found.scores)).tolist())
            clipped = np.clip(found.scores, 1e-6, 1 - 1e-6)
            logits += np.log(clipped / (1 - clipped)).tolist()
            right += [i in matched for i in range(len(found.labels))]
            names += [spec.classes[label] for label in found.labels]
    if len(set(right)) < 2:
        say("nothing to calibrate scores by: they stay as the network has them")
        return spec
    scores, hits, classes = np.asarray(logits), np.asarray(right, np.bool_), np.asarray(names)
    (slope,), offset = platt(scores[:, None], hits)
    chances = 1 / (1 + np.exp(-(slope * scores + offset)))
    every = best_threshold(chances, hits, len(truths))
    thresholds = {}
    for name in spec.classes:
        mine = classes == name
        enough = mine.sum() >= _FEW and truths.count(name) >= _FEW
        thresholds[name] = best_threshold(chances[mine], hits[mine], truths.count(name)) if enough else every
    return spec.model_copy(update={"calibration": (slope, offset), "thresholds": thresholds})


def _report(recipe: DetectorRecipe, spec: DetectorSpec, trained_on: Sequence[Dataset]) -> Report:
    weights = recipe.model.weights if recipe.model.weights in ("coco", "imagenet", "none") else "given by a file"
    return Report(
        name=spec.name,
        version=spec.version,
        kind="detector",
        summary=SUMMARY,
        facts={
            "network": f"{NETWORKS[recipe.model.kind]}, backbone {recipe.model.backbone}; starting weights: {weights}",
            "classes": ", ".join(spec.classes),
            "masks": "yes" if spec.masks else "no",
        },
        recipe=f"`streetshop lab train {recipe.model.kind} --data MANIFEST --out RUN`, `streetshop lab export RUN`",
        licence=spec.licence,
        data=tuple(trained_on),
        notes=NOTES,
        limits=LIMITS,
    )
