"""What a match rests on."""

from __future__ import annotations

import numpy as np
import pytest

from streetshop.catalog.store import Store
from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Block
from streetshop.models import Encoder
from streetshop.models.colour import COLOUR_DIM, colour_block
from streetshop.search import SearchRequest
from streetshop.search.explain import common_colours, explain
from streetshop.search.match import nearest
from tests.catalog.conformance import BLOCKS, unit_vectors

RGB = {"red": (150, 20, 30), "navy": (25, 35, 75), "green": (40, 110, 60), "white": (235, 235, 235)}


def halves(first: str, second: str) -> np.ndarray:
    pixels = np.zeros((48, 48, 3), np.uint8)
    pixels[:24], pixels[24:] = RGB[first], RGB[second]
    return colour_block(pixels, np.ones((48, 48), np.float32))


def test_the_shares_are_those_of_the_score() -> None:
    one, other = unit_vectors(2, 3)
    weights = {"style": 1.0, "colour": 3.0}
    found = explain(one, other, BLOCKS, weights)
    style, colour = abs(one[:24] @ other[:24]), 3 * abs(one[24:] @ other[24:])
    assert found.shares == pytest.approx({"style": style / (style + colour), "colour": colour / (style + colour)})
    assert found.colours == {}, "eight numbers are no histogram of colours"
    assert explain(one, other, BLOCKS, {"style": 1.0, "colour": 0.0}).shares == {"style": 1.0, "colour": 0.0}


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (("red", "navy"), ("red", "white"), "red"),
        (("green", "white"), ("navy", "white"), "white"),
        (("navy", "red"), ("green", "navy"), "navy"),
    ],
)
def test_the_colour_that_both_have(ours: tuple[str, str], theirs: tuple[str, str], expected: str) -> None:
    found = common_colours(halves(*ours), halves(*theirs))
    assert next(iter(found)) == expected
    assert sum(found.values()) <= 1 + 1e-6
    vectors = [np.concatenate([np.ones(1, np.float32), halves(*pair)]) for pair in (ours, theirs)]
    blocks = (Block("style", 1), Block("colour", COLOUR_DIM))
    assert explain(*vectors, blocks, {"style": 1.0, "colour": 1.0}).colours == found


def test_a_search_explains_when_asked(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    vector = store.vectors("red-plain")[0]
    plain = nearest(store, vector, SearchRequest.check(store, encoder.blocks, k=3))
    found = nearest(store, vector, SearchRequest.check(store, encoder.blocks, k=3, explain=True))
    assert [match.explanation for match in plain] == [None] * 3
    for match in found:
        assert match.explanation is not None
        weighted = {name: abs(cosine) * (1.0, 0.5)[name == "colour"] for name, cosine in match.blocks.items()}
        total = sum(weighted.values())
        assert match.explanation.shares == pytest.approx({n: w / total for n, w in weighted.items()}, abs=1e-5)
        assert "red" in match.explanation.colours
    with pytest.raises(RequestInvalid, match="explain"):
        SearchRequest.check(store, encoder.blocks, explain="yes")  # type: ignore[arg-type]
