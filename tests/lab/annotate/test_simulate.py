"""The simulation on drawn photos: what is revealed, what is refused, and the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import DatasetError, UsageError
from streetshop.lab.annotate.simulate import Plan, as_markdown, simulate
from streetshop.lab.core.files import read_json
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.train.tasks.reader.data import load_reader_data
from tests.lab.train.tasks.reader.trees import RECIPE, public, tiny_recipe

pytestmark = pytest.mark.lab


@pytest.mark.slow
def test_labels_are_revealed_as_asked_and_the_same_call_resumes(tmp_path: Path) -> None:
    sets = public(tmp_path)
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(RECIPE.replace("  - {name: articles, fit: articles}\n", "") + "losses: {keypoints: 0}\n")
    plan = Plan(start=4, add=3, rounds=1, strategies=("random", "committee"))
    out = tmp_path / "out"
    report = simulate(sets.data, out, plan, recipe=str(recipe), cache=sets.cache, threads=1)
    assert [(r["strategy"], r["labels"]) for r in report["results"]] == [
        ("random", 4),
        ("random", 7),
        ("committee", 4),
        ("committee", 7),
    ]
    known = {
        name: set(read_json(out / name / "run-0" / "run.json")["recipe_values"]["labelled"])
        for name in ("start", "random-1", "committee-1")
    }
    assert known["start"] < known["random-1"]
    assert known["start"] < known["committee-1"] <= set(labelled_names(sets.ccp, "train"))
    written = (out / "report.md").read_text()
    again = simulate(sets.data, out, plan, recipe=str(recipe), cache=sets.cache, threads=1)
    assert (again, (out / "report.md").read_text()) == (report, written)


def test_more_photos_than_there_are_is_said(tmp_path: Path) -> None:
    sets = public(tmp_path)
    with pytest.raises(UsageError, match="there are"):
        simulate(sets.data, tmp_path / "out", Plan(start=400), recipe="reader-small")


def test_a_reader_learns_from_the_named_photos_alone(tmp_path: Path) -> None:
    sets = public(tmp_path)
    names = labelled_names(sets.ccp, "train")[:3]
    recipe = tiny_recipe(shares={"labelled": 1.0}).model_copy(update={"labelled": tuple(names)})
    found = load_reader_data(recipe, sets)
    assert [s.name for s in found.samples if s.source == "labelled"] == names
    held = labelled_names(sets.ccp, "test") + labelled_names(sets.ccp, "val")
    with pytest.raises(DatasetError, match="no training photos"):
        load_reader_data(recipe.model_copy(update={"labelled": (held[0],)}), sets)


def test_the_tables_have_a_row_for_each_number_of_labels_and_each_class() -> None:
    def row(strategy: str, labels: int, mean: float) -> dict[str, object]:
        ap50 = {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "photos": 9}
        return {"strategy": strategy, "labels": labels, "ap50": ap50, "ap50_by_class": {"top": mean, "bag": 0.0}}

    table = as_markdown(
        [row("random", 10, 0.2), row("random", 20, 0.3), row("entropy", 10, 0.2), row("entropy", 20, 0.4)]
    )
    assert "| 20 | 0.300 [0.200, 0.400] | 0.400 [0.300, 0.500] |" in table
    assert "| top | 0.20 | 0.30 | 0.40 |" in table
