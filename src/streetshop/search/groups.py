"""Search with an encoder for each group of kinds: only vectors of one group compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from streetshop.core.errors import RequestInvalid
from streetshop.core.kinds import KINDS
from streetshop.core.records import Garment
from streetshop.models import Encoder
from streetshop.search.kinds import likely_kinds
from streetshop.search.request import SearchRequest


def kind_of(garment: Garment, kinds: Sequence[str] | None) -> str:
    """Return the kind that a garment is encoded by: the first that is asked for, else its most probable one."""
    return kinds[0] if kinds else next(iter(likely_kinds(garment.kinds)), garment.category)


def within_group(
    encoder: Encoder, request: SearchRequest, kinds: Mapping[str, float], kind: str
) -> tuple[SearchRequest, Mapping[str, float]]:
    """Keep a search to the kinds whose vectors compare with the query's.

    Args:
        encoder: with groups.
        request: its kinds must be of one group. All kinds become all of the group.
        kinds: of the garment, with their probabilities; those of other groups are left out.
        kind: by which the query was encoded; empty for the first of ``kinds``.

    Returns:
        The request and the kinds to search. Products of unknown kind are searched in the fallback group alone.

    Raises:
        RequestInvalid: kinds of several groups are asked for.
    """
    asked = request.kinds or ()
    if len({encoder.group_of(one) for one in asked}) > 1:
        raise RequestInvalid(
            f"the kinds {', '.join(asked)} have different encoders",
            where="kinds",
            hint="Search one after the other: their similarities do not compare",
        )
    group = encoder.group_of(next(iter((*asked, *([kind] if kind else kinds))), ""))
    request = replace(request, unknown_kinds=group == encoder.group_of(""))
    if request.kinds == () or (request.kinds is None and not kinds):
        request = replace(request, kinds=tuple(one for one in KINDS if encoder.group_of(one) == group))
    return request, {one: p for one, p in kinds.items() if encoder.group_of(one) == group}


def check_together(encoder: Encoder) -> None:
    """Refuse several photos of one garment with such an encoder.

    Raises:
        RequestInvalid: the photos' garments may be of two groups, and their vectors do not compare then.
    """
    if encoder.grouped:
        raise RequestInvalid(
            "this catalog has an encoder for each group of kinds, which takes one photo at a time",
            hint="Search with one photo",
        )
