"""Typed errors as HTTP statuses."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from streetshop.core import errors
from streetshop.core.errors import StreetshopError
from streetshop.web.problems import STATUS, Busy, NotReady, problem_of, status_of


def test_every_status_is_one_of_http() -> None:
    assert all(400 <= HTTPStatus(status) < 600 for status in STATUS.values())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UsageError("x"), 400),
        (errors.PhotoTruncated("x"), 422),
        (errors.PhotoTooManyPixels("x"), 413),
        (errors.CatalogDamaged("x"), 503),
        (errors.CatalogError("x"), 503),
        (errors.CatalogLocked("x"), 423),
        (errors.FilterError("x", text="a", position=0), 422),
        (Busy("x", retry_after=3), 429),
        (NotReady("x"), 503),
    ],
)
def test_an_error_has_the_status_of_its_kind_or_of_the_base(error: StreetshopError, status: int) -> None:
    assert status_of(error) == status
    answer = problem_of(error, "7")
    content = json.loads(bytes(answer.body))
    assert (answer.status_code, content["status"]) == (status, status)
    assert content["type"] == f"urn:streetshop:problem:{error.slug}"
    assert content["instance"] == "urn:streetshop:request:7"


def test_the_place_of_a_catalog_is_not_told() -> None:
    where = "/srv/shop.catalog"
    assert b"srv" not in bytes(problem_of(errors.CatalogLocked("locked", where=where)).body)
