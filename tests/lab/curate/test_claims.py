"""Claims of reviews and posts."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate.claims import read_posts, read_reviews, with_claims
from streetshop.lab.curate.pairs import claimed
from streetshop.lab.data.manifest import Manifest


def test_reviews_become_street_rows_that_claim(shop: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(
        "review,product,picture,sender\n"
        "1,hat-0,street/hat-0.png,ann\n2,hat-1,street/hat-0.png,ann\n3,shirt-0,street/shirt-0.png,\n"
        "4,nothing,street/hat-1.png,\n5,hat-1,street/none.png,\n6,hat-1,../secret.png,\n7,hat-1\n"
    )
    found = read_reviews(path, shop)
    assert [(row.image, row.group, row.attributes["claims"], row.product_id) for row in found.rows] == [
        ("street/hat-0.png", "ann", ["hat-0", "hat-1"], ""),
        ("street/shirt-0.png", "review 3", ["shirt-0"], ""),
    ]
    assert [line.split(":")[0] for line in found.refused] == [f"reviews.csv line {n}" for n in (5, 6, 7, 8)]
    assert "no product 'nothing'" in found.refused[0]
    assert "does not lie below" in found.refused[2]


def test_tags_name_products_and_a_post_shares_its_claims(shop: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        "post,picture,tags\n9,street/hat-0.png,#Hat-0 #love\n9,street/shirt-0.png,\n8,street/hat-1.png,sun;hat-1\n"
        "8,street/hat-1.png,again\n"
    )
    found = read_posts(path, shop)
    assert [row.attributes["claims"] for row in found.rows] == [["hat-0"], [], ["hat-1"]]
    assert found.refused == ("posts.csv line 5: listed before",)
    both = with_claims(shop, [found])
    rows = range(len(shop), len(both))
    assert claimed(both, rows) == [
        (rows[0], "hat-0", "claim"), (rows[2], "hat-1", "claim"), (rows[1], "hat-0", "same post"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [b"review,picture\n1,a.png\n", b"\xff\xfe", None])
def test_a_file_that_is_none_is_an_error(shop: Manifest, tmp_path: Path, text: bytes | None) -> None:
    if text is not None:
        (tmp_path / "r.csv").write_bytes(text)
    with pytest.raises(CurateError, match=r"r\.csv"):
        read_reviews(tmp_path / "r.csv", shop)
