"""Network, losses, training and export, on drawings."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from streetshop.core.errors import RecipeError, RunError
from streetshop.lab.data.classes import CLASSES, GARMENTS, IGNORE
from streetshop.lab.data.labelled_photos import load_labelled, load_single, load_tagged
from streetshop.lab.data.sets.ccp import labelled_names, tagged_names
from streetshop.lab.evaluate.intervals import Estimate
from streetshop.lab.evaluate.reader import intervals, judge, milliseconds, sections, summary
from streetshop.lab.export.card import write_card
from streetshop.lab.export.reader import export_reader, load_net
from streetshop.lab.losses.dense import class_loss, heatmaps, keypoint_loss, lovasz_softmax
from streetshop.lab.measure.public import measured_on, names_section, report_of
from streetshop.lab.nets.reader import ReaderNet, enlarge
from streetshop.lab.train.tasks.reader.articles import Named
from streetshop.lab.train.tasks.reader.balance import fit_offsets
from streetshop.lab.train.tasks.reader.recipe import ReaderRecipe, Stage, load_reader_recipe
from streetshop.lab.train.tasks.reader.train import ReaderLoop, class_weights, repeat_factors
from streetshop.looks.reader import OnnxReader
from streetshop.looks.rules import Rules
from streetshop.models.session import start_session
from tests.lab.train.tasks.reader.trees import ccp, clothing

pytestmark = pytest.mark.lab
RECIPE = Path(__file__).parents[5] / "recipes" / "reader.yaml"


def tiny_recipe(photos: int = 8) -> ReaderRecipe:
    shares = {"labelled": 0.6, "tagged": 0.2, "single": 0.2}
    stages = [
        Stage(photos=photos, height=64, width=64, batch=4, rate=1e-3, backbone_rate=1e-4, shares=shares, composites=0.5)
        for _ in range(2)
    ]
    return ReaderRecipe(
        kind="reader", name="r", version="1", width=16, weights="none", workers=2, stages=tuple(stages), ema=0.5
    )


# --- losses -------------------------------------------------------------------------------------------------------


def test_lovasz_is_one_minus_iou_on_certain_answers() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        labels = torch.randint(3, (12,), generator=generator)
        guess = torch.randint(3, (12,), generator=generator)
        certain = torch.nn.functional.one_hot(guess, 3).float()
        ious = [
            float(((guess == c) & (labels == c)).sum()) / float(((guess == c) | (labels == c)).sum())
            for c in labels.unique().tolist()
        ]
        assert float(lovasz_softmax(certain, labels)) == pytest.approx(1 - sum(ious) / len(ious), abs=1e-6)


def test_lovasz_against_its_definition() -> None:
    """The extension written out: errors sorted, each times what it adds to the Jaccard loss of the mistaken set."""
    p = torch.rand(7, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([1, 0, 1, 1, 0, 0, 1])
    total = 0.0
    for index, chance in ((0, 1 - p), (1, p)):
        truth = labels == index
        errors = torch.where(truth, 1 - chance, chance)
        order = errors.argsort(descending=True).tolist()

        def loss(mistaken: list[int], truth: torch.Tensor = truth) -> float:
            right = [i for i in range(7) if bool(truth[i]) and i not in mistaken]
            union = int(truth.sum()) + sum(not bool(truth[i]) for i in mistaken)
            return 1 - len(right) / union

        total += sum(float(errors[i]) * (loss(order[: n + 1]) - loss(order[:n])) for n, i in enumerate(order))
    assert float(lovasz_softmax(torch.stack([1 - p, p], 1), labels)) == pytest.approx(total / 2, abs=1e-5)


def test_ignored_pixels_teach_nothing() -> None:
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    labels = torch.randint(3, (2, 4, 4))
    labels[0] = IGNORE
    class_loss(logits, labels, torch.ones(3), lovasz=1.0).backward()
    assert logits.grad[0].abs().max() == 0 < logits.grad[1].abs().max()
    assert float(class_loss(logits, torch.full((2, 4, 4), IGNORE), torch.ones(3), lovasz=1.0).detach()) == 0


def test_heatmaps_peak_on_visible_points_and_say_what_is_unknown() -> None:
    points = torch.zeros(1, 17, 3)
    points[0, 0] = torch.tensor([13.0, 22.0, 2])
    points[0, 1] = torch.tensor([13.0, 22.0, 1])  # hidden: unknown
    points[0, 2] = torch.tensor([99.0, 22.0, 2])  # beyond the picture: empty
    points[0, 3] = torch.tensor([99.0, 22.0, 1])  # hidden, and beyond it: empty too
    maps, taught = heatmaps(points, (12, 8), 4, 1.0)
    assert taught[0, :5].tolist() == [True, False, True, True, False]
    assert maps[0, 0].argmax() == 5 * 8 + 3
    assert maps[0, 0].max() == 1
    assert maps[0, 2].max() == 0
    nobody = torch.full((1, 17, 3), float("nan"))
    maps, taught = heatmaps(nobody, (12, 8), 4, 1.0)
    assert not taught.any()
    assert torch.isfinite(keypoint_loss(torch.zeros(1, 17, 12, 8), maps, taught))


def test_the_keypoint_loss_falls_towards_the_target() -> None:
    points = torch.zeros(1, 17, 3)
    points[0, 0] = torch.tensor([13.0, 22.0, 2])
    maps, taught = heatmaps(points, (12, 8), 4, 1.0)
    right = torch.where(maps == 1, 6.0, -6.0)
    wrong = right.roll(3, dims=3)
    assert keypoint_loss(right, maps, taught) < 0.01 < keypoint_loss(wrong, maps, taught)


# --- network and balance ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "efficientnet_lite2"])
def test_shapes_and_freezing(backbone: str) -> None:
    net = ReaderNet(backbone=backbone, width=16, weights="none")
    classes, joints = net(torch.zeros(2, 3, 96, 64))
    assert classes.shape == (2, len(CLASSES), 24, 16)
    assert joints.shape == (2, 17, 24, 16)
    everything = len(net.backbone_parameters())
    net.freeze(2)
    assert len(net.backbone_parameters()) < everything
    net.train()
    assert not net.blocks.training
    assert net.mix4.training
    assert not {id(p) for p in net.backbone_parameters()} & {id(p) for p in net.head_parameters()}


def test_the_level_of_stride_2_starts_as_no_correction_and_is_learned() -> None:
    net = ReaderNet(width=16, detail=8, weights="none").eval()
    pictures = torch.rand(1, 3, 96, 64)
    classes, joints = net(pictures)
    assert classes.shape == (1, len(CLASSES), 48, 32)
    assert joints.shape == (1, 17, 24, 16)
    quarter: list[torch.Tensor] = []
    net.mix4.register_forward_hook(lambda module, inputs, output: quarter.append(net.classes(output)))
    net(pictures)
    torch.testing.assert_close(classes, enlarge(quarter[0], (48, 32)))
    classes.square().mean().backward()
    assert net.correct.weight.grad is not None
    assert net.correct.weight.grad.abs().max() > 0
    with torch.no_grad():
        net.correct.weight.fill_(0.1)
    assert not torch.allclose(net(pictures)[0], classes)


def test_what_rests_neither_learns_nor_counts() -> None:
    net = ReaderNet(width=16, detail=8, weights="none")
    net.freeze(2)
    every = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    detail = {name for name in every if name.split(".")[0] in ("narrow", "lateral2", "mix2", "correct")}
    for what, learning in (("body", every - detail), ("detail", detail), ("all", every)):
        net.learn(what)
        net.train()
        assert {name for name, parameter in net.named_parameters() if parameter.requires_grad} == learning
        assert net.mix4.training == (what != "detail")
        assert net.mix2.training == (what != "body")
        assert not net.blocks.training


def test_a_stage_may_teach_the_level_of_stride_2_alone(tmp_path: Path) -> None:
    _, samples, val = samples_of(tmp_path)
    first = tiny_recipe(4).stages[0]
    stages = tuple(first.model_copy(update={"learns": part}) for part in ("body", "detail"))
    recipe = tiny_recipe().model_copy(update={"detail": 8, "stages": stages})
    loop = ReaderLoop(recipe, samples, val, tmp_path / "run", torch.device("cpu"))
    loop._stage(stages[0])
    assert not loop.net.correct.weight.any()
    before = {name: value.clone() for name, value in loop.mean.state_dict().items()}
    loop.at.stage, loop.at.photos = 1, 0
    loop._stage(stages[1])
    assert loop.net.correct.weight.any()
    for name, value in loop.net.state_dict().items():
        if name.split(".")[0] not in ("narrow", "lateral2", "mix2", "correct"):
            torch.testing.assert_close(value, before[name], msg=name)
    with pytest.raises(ValueError, match="stride 2"):
        ReaderRecipe(**{**recipe.model_dump(), "detail": 0})


def test_rare_classes_are_drawn_more_often_and_weigh_more(tmp_path: Path) -> None:
    root = ccp(tmp_path)
    samples = load_labelled(root, labelled_names(root, "train"))
    samples[0].allowed = (*samples[0].allowed, CLASSES.index("scarf"))
    factors = repeat_factors(samples)
    assert factors[0] > factors[1] == 1
    weights = class_weights(samples, 0.5, 5.0)
    assert weights.max() <= 5
    assert weights[CLASSES.index("footwear")] > weights[0]


# --- recipe, training, export -------------------------------------------------------------------------------------


def test_the_recipe_that_comes_with_it() -> None:
    recipe = load_reader_recipe(RECIPE)
    assert recipe.name == "streetshop-reader"
    assert recipe.stages[-1].learns == "detail"


@pytest.mark.parametrize(
    ("text", "where"), [("width: 3", "width"), ("colour: red", "colour"), ("stages: []", "stages")]
)
def test_a_recipe_names_the_bad_key(tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "r.yaml"
    lines = [line for line in RECIPE.read_text().splitlines() if not line.startswith(text.split(":")[0])]
    if text.startswith("stages"):
        lines = [line for line in lines if not line.startswith(" ")]
    path.write_text("\n".join([*lines, text]))
    with pytest.raises(RecipeError, match=where):
        load_reader_recipe(path)


def samples_of(tmp_path: Path) -> tuple[Path, list, list]:
    root = ccp(tmp_path / "ccp")
    points = root / "keypoints.json"
    samples = load_labelled(root, labelled_names(root, "train"), points)
    samples += load_tagged(root, tagged_names(root), points)
    samples += load_single(clothing(tmp_path / "clothing", tmp_path / "cut"), tmp_path / "cut")
    return root, samples, load_labelled(root, labelled_names(root, "train")[:3], points)


@pytest.mark.slow
def test_training_resumes_where_it_stopped(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    _, samples, val = samples_of(tmp_path)
    cpu = torch.device("cpu")
    whole = ReaderLoop(tiny_recipe(), samples, val, tmp_path / "whole", cpu)
    assert whole.run().stage == 2
    first = ReaderLoop(tiny_recipe(), samples, val, tmp_path / "parts", cpu)
    first._stage(first.recipe.stages[0])
    first.at.stage, first.at.photos, first.at.seconds = 1, 0, 0.0
    first._save()
    assert ReaderLoop(tiny_recipe(), samples, val, tmp_path / "parts", cpu).run().stage == 2
    a, b = (torch.load(tmp_path / n / "checkpoint.pt", weights_only=True) for n in ("whole", "parts"))
    for key in a["net"]:
        assert torch.allclose(a["net"][key].float(), b["net"][key].float(), atol=1e-5), key
    lines = [json.loads(line) for line in (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()]
    assert [line["stage"] for line in lines] == [0, 1]
    assert 0 <= lines[-1]["accuracy"] <= 1


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    _, samples, val = samples_of(tmp_path)
    cpu = torch.device("cpu")
    ReaderLoop(tiny_recipe(), samples, val, tmp_path / "run", cpu)._save()
    wider = tiny_recipe().model_copy(update={"width": 32})
    with pytest.raises(RunError, match="another network"):
        ReaderLoop(wider, samples, val, tmp_path / "run", cpu)


def test_a_guess_keeps_to_the_tags_and_the_cut_out(tmp_path: Path) -> None:
    _, samples, val = samples_of(tmp_path)
    recipe = tiny_recipe().model_copy(update={"sure": 0.0})
    loop = ReaderLoop(recipe, samples, val, tmp_path / "run", torch.device("cpu"))
    loop.at.stage = 1
    for photos in itertools.count(0, 4):
        batch = loop._batches(recipe.stages[1], photos)[0]
        if batch.guess.any():
            break
    labels = loop._guessed(batch)
    for i in range(len(labels)):
        found = set(labels[i].unique().tolist()) - {IGNORE}
        if batch.guess[i]:
            assert found <= set(batch.allowed[i].nonzero()[:, 0].tolist())
        else:
            assert (labels[i] == batch.labels[i]).all()


@pytest.mark.slow
def test_export_gives_a_bundle_that_serves_and_a_card(tmp_path: Path) -> None:
    root, samples, val = samples_of(tmp_path)
    recipe = tiny_recipe(4).model_copy(update={"detail": 8, "guided": 2})
    ReaderLoop(recipe, samples, val, tmp_path / "run", torch.device("cpu")).run()
    net = load_net(tmp_path / "run" / "last.safetensors", recipe)
    names = labelled_names(root, "train")[:3]
    reader = OnnxReader(export_reader(net, recipe, tmp_path / "bundle", ccp=root, val=names, size=(96, 64)), threads=2)
    assert reader.spec.side_step == 32
    assert set(reader.spec.thresholds) == set(GARMENTS)
    image = torch.randn(1, 3, 64, 128)
    with torch.no_grad():
        expected = [value.numpy() for value in net(image)]
    session = start_session(tmp_path / "bundle" / "model.onnx", 1)
    answers = session.run(["classes", "keypoints"], {"image": image.numpy()})
    for got, want in zip(answers, expected, strict=True):
        assert np.abs(got - want).max() < 0.05 * max(np.abs(want).max(), 1), "half precision on disk costs little"
    rules = Rules(CLASSES, GARMENTS, reader.spec.calibration, reader.spec.thresholds)
    judged = judge(reader, root, names, root / "keypoints.json", rules)
    numbers = summary(judged)
    assert reader.spec.probabilities
    assert numbers["photos"] == 3
    assert 0 <= numbers["accuracy"] <= 1
    assert set(numbers["iou"]) == set(CLASSES)
    speed = milliseconds(reader, [root / "photos" / f"{name}.jpg" for name in names])
    sure = intervals(judged)
    assert sure["miou"].mean == numbers["miou"]
    assert sure["accuracy"].low <= numbers["accuracy"] <= sure["accuracy"].high
    assert sure["ap50"].mean == pytest.approx(numbers["ap50"])
    named = {"cutout": Named(9, 8, Estimate(0.5, 0.4, 0.6, 9))}
    tables = [*sections(judged, speed), names_section(named)]
    write_card(tmp_path / "bundle", measured_on(report_of(tmp_path / "bundle"), [], "On 3 photos.", tables))
    card = (tmp_path / "bundle" / "card.md").read_text()
    assert "half precision on disk" in card
    assert "onto white by the teacher | 9 | 8 | 0.500 [0.400, 0.600] |" in card
    assert "| trousers |" in card
    assert "On 3 photos." in card
    assert f"| {sure['miou']} |" in card


def test_offsets_take_back_what_the_class_weights_gave() -> None:
    rng = np.random.default_rng(0)
    labels = [rng.choice(3, 4000, p=[0.8, 0.15, 0.05]).astype(np.uint8) for _ in range(2)]
    logits = []
    for truth in labels:
        values = rng.normal(0, 1, (3, len(truth))).astype(np.float32)
        values[truth, np.arange(len(truth))] += 2.5
        values[2] += 1.5  # much too fond of the rare class
        logits.append(values)

    def agreement(offsets: np.ndarray) -> float:
        guesses = [(v + offsets[:, None]).argmax(axis=0) for v in logits]
        return float(np.mean(np.concatenate(guesses) == np.concatenate(labels)))

    offsets = fit_offsets(logits, labels)
    assert offsets[2] < offsets[0]
    assert agreement(offsets) > agreement(np.zeros(3)) + 0.05
    perfect = [np.eye(3, dtype=np.float32)[truth].T for truth in labels]
    assert (fit_offsets(perfect, labels) == 0).all()
