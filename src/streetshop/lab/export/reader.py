"""A trained reader to a bundle: ONNX, scores calibrated on the validation photos."""

from __future__ import annotations

from collections.abc import Sequence
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
from streetshop.lab.data.sets.ccp import class_labels
from streetshop.lab.evaluate.detection import match_queries
from streetshop.lab.evaluate.reader import Judged, boxes_of, judge
from streetshop.lab.nets.backbones import TF_SCALE, pad_by_number
from streetshop.lab.nets.onnx_files import fold_pads, store_halved
from streetshop.lab.nets.reader import SIDE_STEP, ReaderNet
from streetshop.lab.train.tasks.reader.balance import fit_offsets
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe
from streetshop.lab.train.tasks.reader.views import PADDING
from streetshop.looks.reader import PHOTO_SIDE, OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.spec import DEFAULT_CLASS_RULES, InputSpec, ReaderSpec

Calibration = tuple[float, float, float]
RAW: Final = (1.0, 0.0, 0.0)
"""Calibration under which the score is the mean probability."""
_FEW: Final = 8
"""Found garments of a class below which its threshold is that of all classes together."""


def load_net(weights: Path, recipe: ReaderRecipe) -> ReaderNet:
    """The trained network, ready to run."""
    net = ReaderNet(
        backbone=recipe.backbone, width=recipe.width, detail=recipe.detail, guided=recipe.guided, weights="none"
    )
    state, _ = files.read_weights(weights)
    net.load_state_dict(state)
    return net.eval()


def export(
    net: ReaderNet,
    recipe: ReaderRecipe,
    size: tuple[int, int],
    out: Path,
    root: Path,
    val: Sequence[str],
) -> OnnxReader:
    """Write a bundle to ``out`` and load it again.

    Args:
        size: (height, width) of a photo as the network sees it; other shapes get as many pixels.
        root: of Clothing Co-Parsing.
        val: numbers of the photos that balance the classes and calibrate the scores; never test photos.
    """
    out.mkdir(parents=True, exist_ok=True)
    # The classes are balanced on what the filter gets: on what it makes of that they came out worse.
    net.guided = 0
    _write_network(net, recipe, size, out)
    with torch.no_grad():
        cast(Tensor, net.classes.bias).add_(torch.from_numpy(_offsets(OnnxReader(out, threads=2), root, val)))
    net.guided = recipe.guided
    spec = _write_network(net, recipe, size, out)
    judged = judge(OnnxReader(out, threads=2), root, val, None, Rules(CLASSES, GARMENTS, RAW))
    calibration = fit_calibration(judged)
    thresholds = fit_thresholds(judged, calibration)
    write_spec(out, spec.model_copy(update={"calibration": calibration, "thresholds": thresholds}))
    return OnnxReader(out, threads=2)


def _write_network(net: ReaderNet, recipe: ReaderRecipe, size: tuple[int, int], out: Path) -> ReaderSpec:
    model = out / "model.onnx"
    torch.onnx.export(
        pad_by_number(net),  # a photo's sides are multiples of 32, so every map that is halved has even sides
        (torch.zeros(1, 3, *size),),
        str(model),
        input_names=["image"],
        output_names=["classes", "keypoints"],
        dynamic_axes={name: {0: "n", 2: f"{name}_h", 3: f"{name}_w"} for name in ("image", "classes", "keypoints")},
        opset_version=17,
        dynamo=False,  # the dynamo exporter keeps batch norms that this one folds into the convolutions
    )
    fold_pads(model)
    store_halved(model)
    spec = ReaderSpec(
        name=recipe.name,
        version=recipe.version,
        input=InputSpec(
            width=size[1], height=size[0], fit="stretch", background=PADDING, mean=TF_SCALE.mean, std=TF_SCALE.std
        ),
        side_step=SIDE_STEP,
        classes=CLASSES,
        garments=GARMENTS,
        keypoints=True,
        probabilities=net.guided > 0,
        rules=DEFAULT_CLASS_RULES,
        files={model.name: file_sha256(model)},
        about="Garment classes per pixel and 17 keypoints; trained on Clothing Co-Parsing and the Clothing dataset.",
    )
    write_spec(out, spec)
    return spec


def _offsets(reader: OnnxReader, root: Path, names: Sequence[str]) -> NDArray[np.float32]:
    """What :func:`fit_offsets` finds on photos, at the resolution of the reader's masks."""
    logits, labels = [], []
    for name in names:
        planes = reader.see(Photo.from_path(root / "photos" / f"{name}.jpg", at_least=PHOTO_SIDE)).probabilities
        height, width = planes.shape[1:]
        truth = Image.fromarray(class_labels(root, name)).resize((width, height), Image.Resampling.NEAREST)
        logits.append(np.log(planes.reshape(len(planes), -1) + 1e-8))
        labels.append(np.asarray(truth).ravel())
    return fit_offsets(logits, labels)


def outcomes(judged: Sequence[Judged]) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[str]]:
    """Of every garment found: (n, 2) logit of its mean probability and logarithm of its share of the photo,
    (n,) whether a true garment of its class has IoU 0.5 with its box, and its class.
    """
    rows, right, names = [], [], []
    for one in judged:
        matched = set(match_queries(boxes_of(one.true), boxes_of(one.found)).tolist())
        for i, garment in enumerate(one.found):
            chance = min(max(garment.score, 1e-4), 1 - 1e-4)
            rows.append((np.log(chance / (1 - chance)), np.log(max(one.shares[i], 1e-6))))
            right.append(i in matched)
            names.append(garment.category)
    return np.asarray(rows, np.float64).reshape(-1, 2), np.asarray(right, np.bool_), names


def fit_calibration(judged: Sequence[Judged]) -> Calibration:
    """Logistic regression of being right on the two numbers of :func:`outcomes`, slopes kept from being negative."""
    from sklearn.linear_model import LogisticRegression

    rows, right, _ = outcomes(judged)
    if len(set(right.tolist())) < 2:
        return RAW
    fitted = LogisticRegression(C=10.0).fit(rows, right)
    a, b = (max(float(v), 0.0) for v in fitted.coef_[0])
    return round(a, 4), round(b, 4), round(float(fitted.intercept_[0]), 4)


def fit_thresholds(judged: Sequence[Judged], calibration: Calibration) -> dict[str, float]:
    """Per class the score at which F1 is highest, from .15 to .5; one of all classes where a class is rare."""
    rows, right, names = outcomes(judged)
    scores = 1 / (1 + np.exp(-(rows @ np.asarray(calibration[:2]) + calibration[2])))
    truths = [g.category for one in judged for g in one.true]
    every = _best_threshold(scores, right, len(truths))
    found = {}
    for category in GARMENTS:
        mine = np.asarray([name == category for name in names])
        enough = mine.sum() >= _FEW and truths.count(category) >= _FEW
        found[category] = _best_threshold(scores[mine], right[mine], truths.count(category)) if enough else every
    return found


def _best_threshold(scores: NDArray[np.float64], right: NDArray[np.bool_], truths: int) -> float:
    def f1(threshold: float) -> float:
        kept = scores >= threshold
        return 2 * float(right[kept].sum()) / max(int(kept.sum()) + truths, 1)

    return max((round(float(t), 3) for t in np.linspace(0.15, 0.5, 36)), key=f1)
