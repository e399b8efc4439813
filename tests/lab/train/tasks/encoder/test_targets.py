"""Targets of the encoder's blocks and how batches are drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from streetshop.core.errors import RunError
from streetshop.lab.losses.contrast import supervised_contrast
from streetshop.lab.train.encoder_recipe import HeadBlock, NamesPart
from streetshop.lab.train.tasks.encoder.features import Features
from streetshop.lab.train.tasks.encoder.targets import (
    Targets,
    block_loss,
    identity,
    kind,
    pattern,
    tint,
    together,
    with_names,
)
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
    assert (
        identity(
            replace(views, items=[replace(v, product_id="") if v.source == "studio" else v for v in items])
        ).labels[studio]
        == -1
    ).all()


def named_in_pairs() -> Features:
    """As :func:`made_up`, each garment with one of two colours and two patterns."""
    views = made_up(each=24)
    views.items[:] = [
        relabelled(v, colour=("red", "blue")[i // 6 % 2], pattern=("solid", "dots")[i // 12 % 2])
        for i, v in enumerate(views.items)
    ]
    return views


def test_three_names_together_are_drawn_in_pairs_and_only_of_photos() -> None:
    views = named_in_pairs()
    views.items[0], views.items[1] = relabelled(views.items[0], colour=""), replace(views.items[1], source="ccp")
    targets = together(views)
    assert targets.labels[0] == targets.labels[1] == -1
    assert len(set(targets.labels)) == 1 + 12
    assert targets.labels[2] == targets.labels[3]
    for other, name in ((8, "colour"), (14, "pattern"), (26, "kind")):
        assert targets.labels[2] != targets.labels[other], name
    rng = np.random.default_rng(0)
    for batch in (2, 10, 24, 500):
        drawn = targets.labels[targets.draw(rng, batch)]
        assert len(drawn) == min(batch, 24)
        assert (drawn >= 0).all()
        assert (np.unique(drawn, return_counts=True)[1] == 2).all()
    for none in ([relabelled(v, pattern="") for v in views.items], [replace(v, group="g") for v in views.items]):
        with pytest.raises(RunError, match="share kind, colour and pattern"):
            together(replace(views, items=none))


def test_style_learns_names_beside_identities() -> None:
    views = named_in_pairs()
    block = HeadBlock(dim=4, parts=("global",), names=NamesPart(share=0.5, together=0.5, each=0.25))
    plain = identity(views)
    targets = with_names(plain, views, block)
    assert with_names(plain, views, block.model_copy(update={"names": None})) is plain
    assert len(targets.draw(np.random.default_rng(0), 24)) > len(np.unique(plain.draw(np.random.default_rng(0), 24)))
    vectors = functional.normalize(torch.randn(len(views.items), 4, generator=torch.Generator().manual_seed(0)), dim=1)
    rows = np.arange(len(views.items))

    def cost(one: Targets, temperature: float) -> float:
        sources = None if one.sources is None else torch.from_numpy(one.sources)
        labels, groups = torch.from_numpy(one.labels), torch.from_numpy(one.groups)
        return float(supervised_contrast(vectors, labels, groups, temperature, sources))

    wanted = cost(plain, 0.1) + 0.5 * cost(together(views), 0.25)
    wanted += 0.25 * sum(cost(named(views), 0.25) for named in (kind, tint, pattern))
    assert float(block_loss(vectors, targets, rows, vectors, block)) == pytest.approx(wanted, rel=1e-4)
