"""A kill or a failing disk at one moment of each kind of write; ``make chaos`` does it at a hundred."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from streetshop.catalog.open import open_catalog
from tests.chaos import faults
from tests.chaos.checks import Allowed, check, left_over
from tests.chaos.faults import Fault
from tests.chaos.report import page
from tests.chaos.shop import STORES, Shop, State, make_shop, state_of_feed
from tests.chaos.trials import Trial, disturbed
from tests.chaos.writes import disturbed_writes


@pytest.fixture(scope="module", params=STORES)
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    try:
        faults.library()
    except faults.NoFaults as reason:
        pytest.skip(str(reason))
    return make_shop(tmp_path_factory.mktemp("chaos"), request.param)


@pytest.mark.parametrize(
    ("name", "fault", "ends"),
    [
        ("index", Fault("torn", 60), {"killed"}),
        ("optimize", Fault("enospc", 60), {"refused", "done"}),
        ("snapshot", Fault("kill", 40), {"killed"}),
        ("restore", Fault("eio", 20), {"refused"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_disturbed_operation_loses_nothing_and_completes_when_run_again(
    template: Shop, tmp_path: Path, name: str, fault: Fault, ends: set[str]
) -> None:
    trial = disturbed(name, template, tmp_path / "trial", fault)
    assert trial.bad == []
    assert trial.ended.partition(":")[0] in ends
    assert trial.operations >= fault.at


def test_a_server_that_is_killed_keeps_every_write_that_it_answered(template: Shop, tmp_path: Path) -> None:
    trial = disturbed_writes(template, tmp_path / "trial", Fault("kill", 90), seed=3)
    assert trial.bad == []
    assert trial.ended == "killed"


def test_the_checks_notice_what_they_are_for(template: Shop, tmp_path: Path) -> None:
    shop = template.copy_to(tmp_path / "shop")
    before = state_of_feed(shop, shop.before)
    allowed = Allowed(before, before, whole=True)
    assert check(shop.catalog, allowed, template.pictures).lost == []
    with closing(open_catalog(shop.catalog, write=True)) as store:
        store.delete(["p3"])
        (entry,) = store.entries(["p4"]).values()
        store.upsert([replace(entry, thumbnails=(b"another",))])
    assert check(shop.catalog, allowed, template.pictures).lost != []
    assert check(shop.catalog, replace(allowed, whole=False), template.pictures).lost[0].startswith("p3 is None")
    unclean = check(shop.catalog, allowed, template.pictures).unclean
    assert unclean[0] == "p4: the vector or thumbnail is not of its picture"
    nothing = check(shop.new, Allowed(before, before), template.pictures)
    assert len(nothing.lost) == len(before)
    (shop.folder / ".new.catalog.0123.part").mkdir()
    (shop.folder / "shop.catalog" / ".tmpAbCdEf").touch()
    assert left_over(shop.folder) == [".new.catalog.0123.part", "shop.catalog/.tmpAbCdEf"]


def test_acknowledged_products_must_be_there() -> None:
    before: State = {"a": ("1", ())}
    after: State = {"a": ("2", ()), "b": ("2", ())}
    assert Allowed(before, after, written=1).lost({"a": ("2", ())}) == []
    assert Allowed(before, after, written=2).lost({"a": ("2", ())}) == ["2 were acknowledged, 1 are there"]


def test_the_report_counts_trials() -> None:
    trials = [Trial("index", Fault("kill", 3), "killed"), Trial("index", None, "done", lost=["p1", "p2"], left=["x"])]
    text = page(trials, "make chaos", "lancedb", 2)
    assert "| index | 2 | 1 | 1 | 0 | 0 | 1 |" in text
    assert "| all | 2 | 1 | 1 | 0 | 0 | 1 |" in text
    assert "- index, kill: p1" in text
