"""``streetshop lab annotate`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.lab.data.manifest import Manifest
from tests.cli.running import run
from tests.web.serving import street

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("annotate") / "photos"
    (folder / "deep").mkdir(parents=True)
    for i, colours in enumerate([("red", "blue"), ("green", "black"), ("white", "red")]):
        Image.fromarray(street(*colours)).resize((180, 240)).save(folder / "deep" / f"{i}.png")
    Image.fromarray(np.full((90, 60, 3), 200, np.uint8)).save(folder / "plain.png")
    (folder / "broken.png").write_bytes(b"nothing")
    return folder


def test_from_photos_to_tasks_to_a_manifest(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = run("lab", "annotate", "suggest", photos, "--out", out, "--count", "2", "--json")
    assert asked.code == 0, asked.err
    answer = json.loads(asked.out)
    assert (answer["by"], len(answer["photos"]), list(answer["refused"])) == ("entropy", 2, ["broken.png"])
    assert {path.name for path in out.iterdir()} == {
        "looks-0.jsonl",
        "proposed.json",
        "suggested.csv",
        "tasks.json",
        "interface.xml",
    }
    tasks = json.loads((out / "tasks.json").read_text())
    for task in tasks:
        result = [
            {
                "type": "rectanglelabels",
                "original_width": task["data"]["width"],
                "original_height": task["data"]["height"],
                "value": {"x": 10, "y": 20, "width": 50, "height": 40, "rotation": 0, "rectanglelabels": ["top"]},
            }
        ]
        task["annotations"] = [{"result": result}]
    export = tmp_path / "export.json"
    export.write_text(json.dumps(tasks))
    given = ("--photos", photos, "--out", tmp_path / "m.parquet", "--proposed", out / "proposed.json", "--json")
    back = run("lab", "annotate", "import", export, *given)
    assert back.code == 0, back.err
    counts = json.loads(back.out)
    assert (counts["photos"], counts["boxes"], counts["refused"]) == (2, 2, {})
    assert {row.category for row in Manifest.read(tmp_path / "m.parquet")} == {"top"}
    # Photos with labels are not suggested again.
    more = run("lab", "annotate", "suggest", photos, "--out", out, "--count", "9", "--labelled", export, "--json")
    names = {one["photo"] for one in json.loads(more.out)["photos"]}
    assert names.isdisjoint({one["photo"] for one in answer["photos"]})
    assert len(names) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("suggest", "PHOTOS", "--out", "o", "--by", "luck"), "entropy, margin, committee, random"),
        (("suggest", "PHOTOS", "--out", "o", "--format", "voc"), "label-studio or coco"),
        (("suggest", "PHOTOS", "--out", "o", "--reader", "none"), "finds no garments"),
        (("suggest", "PHOTOS", "--out", "o", "--by", "committee"), "two members"),
        (("suggest", "nowhere", "--out", "o"), "nowhere"),
        (("import", "nowhere.json", "--photos", "PHOTOS", "--out", "m.parquet"), "nowhere.json"),
        (("simulate", "--data", "nowhere", "--out", "o"), "nowhere"),
        (("simulate", "--data", "nowhere", "--out", "o", "--by", "luck"), "luck"),
    ],
)
def test_what_is_wrong_is_said(photos: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    words = [str(photos) if word == "PHOTOS" else word for word in arguments]
    asked = run("lab", "annotate", *words, cwd=tmp_path)
    assert (asked.code, said in asked.err) == (2, True), asked.err
