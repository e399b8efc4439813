"""Targets of the encoder's blocks and how batches are drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from streetshop.lab.losses.contrast import supervised_contrast
from streetshop.lab.train.encoder_recipe import HeadBlock
from streetshop.lab.train.tasks.encoder.targets import block_loss, kind, tint
from tests.lab.train.tasks.encoder.drawn import made_up, relabelled

pytestmark = pytest.mark.lab


def test_drawings_have_names_of_their_own_and_their_share() -> None:
    views = made_up(each=40)
    items = [
        relabelled(view, "studio", colour="red") if i % 4 == 0 else relabelled(view, colour=("red", "blue")[i % 2])
        for i, view in enumerate(views.items)
    ]
    targets = tint(replace(views, items=items), 0.25)
    studio = np.asarray([view.source == "studio" for view in items])
    assert not set(targets.labels[studio]) & set(targets.labels[~studio]), "red of the studio is no red of a photo"
    assert targets.sources is not None
    assert len(set(targets.sources[studio]) | set(targets.sources[~studio])) == 2
    rng = np.random.default_rng(0)
    share = np.mean([studio[targets.draw(rng, 4)].mean() for _ in range(2000)])
    assert share == pytest.approx(0.25, abs=0.03)
    none = tint(replace(views, items=items))
    assert not studio[none.draw(rng, 200)].any(), "without a share they are not drawn"


def test_the_loss_is_contrast_and_what_is_kept() -> None:
    views = made_up()
    targets = kind(views)
    block = HeadBlock(dim=4, parts=("global",), keep=3.0, temperature=0.2)
    rng = torch.Generator().manual_seed(0)
    vectors, reference = (functional.normalize(torch.randn(len(views.items), 4, generator=rng), dim=1) for _ in "ab")
    rows = np.arange(len(views.items))
    labels, groups = torch.from_numpy(targets.labels), torch.from_numpy(targets.groups)
    assert targets.sources is not None
    wanted = supervised_contrast(vectors, labels, groups, 0.2, torch.from_numpy(targets.sources))
    wanted = wanted + 3 * ((vectors @ vectors.T - reference @ reference.T) ** 2).mean()
    assert float(block_loss(vectors, targets, rows, reference, block)) == pytest.approx(float(wanted), rel=1e-4)
