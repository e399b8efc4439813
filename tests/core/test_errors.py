"""Errors say what, where and what to do next."""

from __future__ import annotations

import pickle

import pytest

from streetshop.core import errors
from streetshop.core.errors import FilterError, StreetshopError, UsageError


def kinds(base: type[StreetshopError] = StreetshopError) -> list[type[StreetshopError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UsageError("no such option"), "no such option."),
        (UsageError("no such option.", hint="Try another."), "no such option. Try another."),
        (UsageError("it is empty", where="a.csv", hint="Fill it"), "a.csv: it is empty. Fill it."),
    ],
)
def test_the_text_is_made_of_its_parts(error: StreetshopError, text: str) -> None:
    assert str(error) == text
    assert error.args == (text,)


def test_a_filter_error_points_at_the_character() -> None:
    error = FilterError("unknown field", text="prise < 50", position=0, hint="Use price")
    assert str(error) == "filter: unknown field at position 0. Use price.\n  prise < 50\n  ^"
    later = FilterError("a number is missing", text="price <", position=7)
    assert str(later).endswith("\n  price <\n         ^")


def test_every_kind_has_a_slug_of_its_own() -> None:
    mine = [kind for kind in kinds() if kind.__module__ == errors.__name__]
    slugs = [kind.slug for kind in mine]
    assert len(set(slugs)) == len(slugs) > 30
    assert all(slug == slug.lower() and " " not in slug for slug in slugs)


@pytest.mark.parametrize(
    "error",
    [UsageError("it is empty", where="a.csv", hint="Fill it"), FilterError("no number", text="price <", position=7)],
)
def test_errors_come_whole_out_of_another_process(error: StreetshopError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))
