"""``streetshop search``, in a process of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.running import call, run
from tests.models.tiny import calibrated_encoder


def test_search_json_has_the_promised_shape(shop: Path) -> None:
    given = ("--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none", "-k", 4, "--json")
    ran = run("search", "blue.png", *given, cwd=shop)
    assert ran.code == 0, ran.err
    content = json.loads(ran.out)
    (garment,) = content["garments"]
    assert garment["category"] == "garment"
    assert garment["box"] == [0, 0, 64, 64]
    assert garment["hotspot"] == [32, 32]
    assert len(garment["matches"]) == 4
    first = garment["matches"][0]
    assert first["id"] == "blue-checks"
    assert first["similarity"] == pytest.approx(1, abs=1e-3)
    assert first["price"] == 42.0
    assert set(first["blocks"]) == {
        "style",
        "colour",
    }
    assert content["photo"] == {"path": "blue.png", "width": 64, "height": 64}
    assert content["reader"] is None


def test_search_options(shop: Path) -> None:
    common = ("--catalog", "shop.catalog", "--encoder", "encoder", "--json", "-k", 18)
    filtered = call("search", "blue.png", *common, "--filter", "category = dress and in_stock", cwd=shop)
    found = {match["id"] for match in json.loads(filtered.out)["garments"][0]["matches"]}
    assert found == {"orange-plain", "blue-plain", "white-plain"}
    coloured = call("search", "red.png", *common, "--weights", "style=0", "--weights", "colour=1", cwd=shop)
    ids = [match["id"] for match in json.loads(coloured.out)["garments"][0]["matches"]]
    assert ids[0] == "red-stripes", "red, whatever the pattern"
    assert set(ids[1:3]) == {"red-plain", "red-checks"}, "red, whatever the pattern"
    preset = call("search", "red.png", *common, "--weights", "same colour", cwd=shop)
    assert json.loads(preset.out)["weights"] == {"style": 0.6, "colour": 0.9}
    boxed = call("search", "red.png", *common, "--box", "0,0,32,32", cwd=shop)
    assert json.loads(boxed.out)["garments"][0]["box"] == [0, 0, 32, 32]


def test_several_photos_and_a_sheet(shop: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.html"
    common = ("--catalog", "shop.catalog", "--encoder", "encoder", "--html", sheet)
    ran = call("search", "blue.png", "bad.jpg", "red.png", *common, cwd=shop)
    assert ran.code == 0
    assert "bad.jpg" in ran.err
    assert "blue-checks" in ran.out
    page = sheet.read_text()
    assert page.count("<section>") == 2
    assert "data:image/jpeg;base64," in page
    assert not re.search(r"<script|https?://", page), "nothing in a sheet is fetched or run"


def test_explanations(shop: Path) -> None:
    common = ("--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none", "-k", 1, "--explain")
    ran = call("search", "blue.png", *common, "--json", cwd=shop)
    assert set(json.loads(ran.out)["garments"][0]["matches"][0]["explanation"]) == {"shares", "colours"}
    table = call("search", "blue.png", *common, cwd=shop).out
    assert "%" in table
    assert "…" not in table, "on 80 columns no heading or value is cut"


def test_words_beside_a_photo_and_alone(shop: Path) -> None:
    common = ("--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none")
    ran = call("search", "blue.png", *common, "--text", "dress", "--json", cwd=shop)
    first = json.loads(ran.out)["garments"][0]["matches"][0]
    assert (first["category"], first["words"]) == ("dress", ["dress"])
    ran = call("search", *common, "--text", "blue stripes", "--json", "-k", 2, cwd=shop)
    assert json.loads(ran.out)["matches"][0]["id"] == "blue-stripes"
    ran = call("search", *common, "--text", "blue stripes", cwd=shop)
    assert "stripes" in ran.out
    assert "words" in ran.out
    assert "relevance" in ran.out
    assert "closeness" not in ran.out, "words alone compare no pictures"
    assert "no product" in call("search", *common, "--text", "zzzz", cwd=shop).out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("blue.png", "--offset", 2000), "no products from --offset 2000 on"),
        (("blue.png", "--kinds", "any", "--filter", 'title = "none such"'), "No products pass the filter"),
        (("--text", "blue", "--offset", 2000), "no products from --offset 2000 on"),
        (("--text", "blue", "--filter", 'title = "none such"'), "no product that passes has any of these words"),
    ],
)
def test_no_results_have_their_reason(shop: Path, given: tuple[object, ...], said: str) -> None:
    ran = call("search", *given, "--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none", cwd=shop)
    assert said in " ".join(ran.out.split())


@pytest.mark.parametrize("given", [(), ("--text", ""), ("--text", "x" * 10_240), ("--text", "a", "--garment", 0)])
def test_a_search_for_nothing(shop: Path, given: tuple[object, ...]) -> None:
    ran = call("search", "--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none", *given, cwd=shop)
    assert ran.code == 2
    assert ran.err.count("\n") <= 3
    assert "Traceback" not in ran.err


def test_scores_in_words_in_json_and_as_a_limit(shop: Path, tmp_path: Path) -> None:
    scored = calibrated_encoder(tmp_path / "scored")
    common = ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", scored, "-k", 18)
    matches = json.loads(call(*common, "--json", cwd=shop).out)["garments"][0]["matches"]
    assert matches[0]["closeness"] == "very close"
    scores = [match["score"] for match in matches]
    assert 1 >= scores[0] > scores[-1] >= 0
    least = (scores[4] + scores[5]) / 2
    limited = json.loads(call(*common, "--json", "--min-score", least, cwd=shop).out)["garments"][0]
    assert [match["id"] for match in limited["matches"]] == [match["id"] for match in matches[:5]]
    table = call(*common, cwd=shop).out
    assert "very close" in table
    assert f"{matches[0]['similarity']:.3f}" not in table
    none = call(*common, "--min-score", 1, cwd=shop)
    assert (none.code, "No products have the least score." in none.out) == (0, True)


def test_a_least_score_needs_a_calibration(shop: Path) -> None:
    common = ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder")
    refused = call(*common, "--min-score", 0.2, cwd=shop)
    assert (refused.code, "no calibration" in refused.err) == (2, True)
    assert call(*common, "--min-score", 2, cwd=shop).code == 2
    plain = call(*common, cwd=shop)
    assert re.search(r"similarity.*1\.00", plain.out, re.DOTALL)
    assert "very close" not in plain.out


def test_heat_maps_are_written_for_each_garment(shop: Path) -> None:
    given = ("--catalog", "shop.catalog", "--encoder", "encoder", "-k", 2, "--json", "--heatmaps", "maps")
    ran = call("search", "blue.png", *given, "--reader", "none", cwd=shop)
    assert ran.code == 0, ran.err
    with Image.open(shop / "maps" / "blue-0.png") as drawn:
        assert drawn.format == "PNG"
    assert "wrote maps/blue-0.png" in ran.err
    boxed = call("search", "blue.png", *given, "--box", "0,0,40,60", cwd=shop)
    assert boxed.code == 0, boxed.err
    alone = call(
        "search", "--text", "blue", "--catalog", "shop.catalog", "--encoder", "encoder", "--heatmaps", "m", cwd=shop
    )
    assert alone.code == 2
    assert "--heatmaps" in alone.err


def test_several_photos_of_one_garment(shop: Path) -> None:
    common = ("--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none", "-k", 2)
    answer = json.loads(call("search", "blue.png", "blue.png", *common, "--one-garment", "--json", cwd=shop).out)
    (garment,) = answer["garments"]
    assert garment["matches"][0]["id"] == "blue-checks"
    assert [view["photo"]["name"] for view in garment["views"]] == ["blue.png", "blue.png"]
    table = call("search", "blue.png", "red.png", *common, "--one-garment", "--html", "one.html", cwd=shop)
    assert "blue.png: garment 0, garment, red.png: garment 0, garment" in " ".join(table.out.split())
    assert (shop / "one.html").is_file()
    for arguments, message in (
        (("blue.png", "bad.jpg", "--one-garment"), "not a picture"),
        (("blue.png", "--one-garment"), "1 photo of one garment"),
        (("blue.png",) * 50 + ("--one-garment",), "50 photos"),
        (("blue.png", "red.png", "--one-garment", "--box", "0,0,9,9"), "a box is given with several photos"),
        (("--one-garment", "--text", "red"), "--one-garment"),
    ):
        refused = call("search", *arguments, *common, cwd=shop)
        assert refused.code == 2
        assert message in " ".join(refused.err.split())
        assert not refused.out
