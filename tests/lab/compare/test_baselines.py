"""What nobody trained: VLAD against loops, SIFT on a turned picture, all three in one comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import MeasureError
from streetshop.lab.compare import compare_runs
from streetshop.lab.compare.baselines import describe, sift_words, vlad
from tests.lab.compare.trained import draw_split

pytestmark = pytest.mark.lab


def naive_vlad(descriptors: np.ndarray, words: np.ndarray) -> np.ndarray:
    parts = []
    for k, word in enumerate(words):
        mine = [d for d in descriptors if np.argmin(((words - d) ** 2).sum(axis=1)) == k]
        total = sum((d - word for d in mine), np.zeros(128))
        parts.append(total / np.linalg.norm(total) if np.linalg.norm(total) else total)
    whole = np.concatenate(parts)
    return whole / np.linalg.norm(whole)


def textured(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (14, 14, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((224, 224), Image.Resampling.NEAREST))


def test_vlad_is_that_of_loops() -> None:
    rng = np.random.default_rng(1)
    descriptors, words = rng.random((40, 128)).astype(np.float32), rng.random((5, 128)).astype(np.float32)
    assert vlad(descriptors, words) == pytest.approx(naive_vlad(descriptors, words), abs=1e-5)
    assert not vlad(descriptors[:0], words).any()


def test_a_turned_and_darker_picture_is_nearer_than_another() -> None:
    pictures = [textured(seed) for seed in range(6)]
    words = sift_words([describe(p) for p in pictures], words=8)
    turned = np.asarray(Image.fromarray((pictures[2] * 0.7).astype(np.uint8)).rotate(90))
    scores = [float(vlad(describe(turned), words) @ vlad(describe(p), words)) for p in pictures]
    assert int(np.argmax(scores)) == 2
    assert scores[2] > 0.5
    shares = describe(pictures[0])
    assert np.linalg.norm(shares, axis=1) == pytest.approx(np.ones(len(shares)), abs=1e-4), "RootSIFT is of unit length"


def test_pictures_without_keypoints() -> None:
    blank = np.full((64, 64, 3), 200, np.uint8)
    assert describe(blank).shape == (0, 128)
    with pytest.raises(MeasureError, match="0 keypoints"):
        sift_words([describe(blank)])


def test_baselines_stand_in_the_table(tmp_path: Path) -> None:
    manifest = draw_split(tmp_path, products=11, side=96)
    comparison = compare_runs([], manifest, baselines=["imagenet", "colour", "sift"], threads=1)
    assert [s.name for s in comparison.subjects] == ["imagenet", "colour", "sift"]
    chance = 1 / 5
    # Each product has a colour of its own; SIFT sees grey shapes on noise.
    assert comparison.result("colour", "street-to-shop").estimate("hit@1").mean > 2 * chance
    for subject in comparison.subjects:
        assert subject.milliseconds > 0
        assert len(subject.vectors) == 20
        lengths = np.linalg.norm(subject.vectors[subject.usable], axis=1)
        assert (lengths > 0).all()
