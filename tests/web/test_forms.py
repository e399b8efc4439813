"""Fields of forms and query strings to values, each error with the field's name."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.datastructures import FormData, QueryParams, UploadFile

from streetshop.catalog.open import open_catalog
from streetshop.core.errors import RequestInvalid, VectorError
from streetshop.core.geometry import Box
from streetshop.models import Encoder
from streetshop.present.json import vector_text
from streetshop.search import Searcher
from streetshop.web import Settings, forms


@pytest.fixture
def searcher(shop: tuple[Path, Encoder]) -> Iterator[Searcher]:
    store = open_catalog(str(shop[0]))
    yield Searcher(store, shop[1])
    store.close()


def test_a_search_of_a_query_string(searcher: Searcher) -> None:
    fields = QueryParams([("k", "7"), ("filter", "price < 20"), ("weights", "colour=2"), ("weights", "style=0")])
    asked = forms.search_request(fields, searcher, Settings())
    assert (asked.k, asked.weights) == (7, {"style": 0.0, "colour": 2.0})
    assert asked.where is not None
    plain = forms.search_request(QueryParams([("filter", "  ")]), searcher, Settings(default_k=9))
    assert (plain.k, plain.where, plain.weights) == (9, None, {"style": 1.0, "colour": 0.5})


@pytest.mark.parametrize("k", ["0", "101", "many", "9" * 400])
def test_the_server_s_own_limit_of_k(searcher: Searcher, k: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        forms.search_request(QueryParams([("k", k)]), searcher, Settings())
    assert refused.value.where == "k"


def test_a_field_is_given_once_and_as_text() -> None:
    assert forms.one(QueryParams("a=1"), "a") == "1"
    assert forms.one(QueryParams("a="), "a") is None
    assert forms.one(QueryParams(""), "a") is None
    with pytest.raises(RequestInvalid, match="given 2 times"):
        forms.one(QueryParams("a=1&a=2"), "a")
    with pytest.raises(RequestInvalid, match="holds a file"):
        forms.one(FormData([("a", UploadFile(io.BytesIO(b"x")))]), "a")


@pytest.mark.parametrize(("text", "value"), [("", False), ("a=true", True), ("a=0", False), ("a=TRUE", True)])
def test_flags(text: str, value: bool) -> None:
    assert forms.flag(QueryParams(text), "a") is value


def test_a_flag_that_is_none() -> None:
    with pytest.raises(RequestInvalid, match="perhaps"):
        forms.flag(QueryParams("a=perhaps"), "a")


def test_boxes_in_order() -> None:
    form = FormData([("box", "1,2,3,4"), ("box", ""), ("box", "[0, 0, 9, 9]")])
    assert forms.boxes_of(form) == [Box(1, 2, 3, 4), Box(0, 0, 9, 9)]


def test_a_vector_comes_back(searcher: Searcher) -> None:
    vector = searcher.store.vectors("red-plain")[0]
    assert forms.vector_of(vector_text(vector), searcher.encoder.blocks) == pytest.approx(vector, abs=1e-6)
    for text in ("%%%", vector_text(np.ones(3, np.float32))):
        with pytest.raises(VectorError) as refused:
            forms.vector_of(text, searcher.encoder.blocks)
        assert refused.value.where == "vector"


def test_an_unknown_name_is_said_with_the_nearest_known_one() -> None:
    known = ["k", "filter", "weights"]
    forms.refuse_unknown(["k", "filter"], known, "form field")
    for name, hint in (
        ("Filters", "Did you mean filter?"),
        ("where", "There are k, filter, weights"),
        ("", "There are"),
    ):
        with pytest.raises(RequestInvalid, match="no form field") as refused:
            forms.refuse_unknown(["k", name], known, "form field")
        assert refused.value.where == name
        assert hint in refused.value.hint
    with pytest.raises(RequestInvalid) as refused:
        forms.refuse_unknown(["x" * 1000], [], "query parameter")
    assert len(str(refused.value)) < 200
