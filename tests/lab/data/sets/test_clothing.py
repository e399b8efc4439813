"""The Clothing dataset."""

from __future__ import annotations

from pathlib import Path

from streetshop.lab.data import read_dataset
from streetshop.lab.data.sets.clothing import HAND_LABELS, read_hand_labels, sender_split
from tests.lab.data.trees import HTML, picture, text


def test_clothing(tmp_path: Path) -> None:
    text(
        tmp_path / "images.csv",
        "image,sender_id,label,kids\n"
        "a,124,Not sure,False\nb,7,T-Shirt,True\nc,7,Skip,False\nd,7\ne,8,Pants,False\nf,8,Hat,False\n",
    )
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.jpg")
    (tmp_path / "images" / "e.jpg").write_bytes(HTML)
    reading = read_dataset("clothing", tmp_path)
    rows = {r.image: r for r in reading.manifest}
    assert {i: (r.category, r.group, r.attributes["kids"]) for i, r in rows.items()} == {
        "images/a.jpg": ("", "124", False),
        "images/b.jpg": ("T-Shirt", "7", True),
        "images/c.jpg": ("", "7", False),
    }
    assert [(r.where, r.kept) for r in reading.refusals] == [
        ("images.csv:2", True),
        ("images.csv:4", True),
        ("images.csv:5", False),
        ("images.csv:6", False),
        ("images.csv:7", False),
    ]
    assert [r.reason.split(":")[0] for r in reading.refused] == [
        "malformed line",
        "an HTML page, not a picture",
        "missing file",
    ]


def test_hand_labels_are_whole() -> None:
    labels = read_hand_labels()
    assert len(labels) > 4800
    assert sum(all(names.values()) for names in labels.values()) > 0.99 * len(labels)
    assert HAND_LABELS.read_text("utf-8").splitlines()[0] == "image,kind,colour,pattern"
    kinds, colours, patterns = ({names[label] for names in labels.values()} for label in ("kind", "colour", "pattern"))
    assert {"jeans", "polo", "hoodie"} <= kinds
    assert {"navy", "burgundy"} <= colours
    assert {"solid", "stripes", "check", "floral"} <= patterns
    assert len(kinds) < 60, "a slip of the pen would be a name of its own"
    assert len(colours) < 25, "a slip of the pen would be a name of its own"
    assert len(patterns) < 20, "a slip of the pen would be a name of its own"


def test_senders_are_spread_over_all_splits() -> None:
    assert {sender_split(str(i)) for i in range(60)} == {"train", "val", "test"}
