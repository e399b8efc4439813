"""The picture of a product page that shows the whole outfit: the best full shot from the front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.looks.pose import INDEX
from streetshop.looks.reader import WHOLE_PHOTO

_SMALL: Final = 24
"""Side of the small copies by which pictures are compared."""
_SAME: Final = 20
"""Largest difference of a channel of two small copies of one picture, from compressing and resizing it."""
_SAME_RATIO: Final = 0.02
"""Largest difference of the ratios of the sides of two copies of one picture."""
_SHOWS: Final = 0.25
"""Least probability of a kind for a picture to show it."""
_RELATED: Final = (
    frozenset({"top", "outerwear", "dress"}),
    frozenset({"trousers", "shorts", "skirt", "dress", "legwear"}),
    frozenset({"scarf", "hat", "bag", "accessory"}),
)
"""Kinds that a reader may take for each other."""
_VIEW_ORDER: Final[Mapping[str | None, int]] = {"front": 0, None: 1, "left": 2, "right": 2, "back": 3, "detail": 4}
_VIEWS: Final = {
    "back": "back view",
    "left": "side view, facing left",
    "right": "side view, facing right",
    "detail": "detail: the shoulders are not seen",
}


@dataclass(frozen=True, eq=False)
class PagePicture:
    """A picture of a product page.

    Attributes:
        name: its path, address or file name.
        sha256: of its bytes; empty if it could not be read.
        look: what was read in it; None if it could not be read.
        unread: why it could not be read; empty otherwise.
        small: (24, 24, 3) copy, to find the same picture in another size; None if it could not be read.
    """

    name: str
    sha256: str = ""
    look: Look | None = None
    unread: str = ""
    small: NDArray[np.int16] | None = None

    @classmethod
    def of(cls, photo: Photo, look: Look, name: str) -> PagePicture:
        """The picture with what was read in it."""
        small = photo.image().resize((_SMALL, _SMALL), Image.Resampling.BOX)
        return cls(name, photo.sha256, look, "", np.asarray(small, np.int16))


@dataclass(frozen=True)
class Choice:
    """The picture that was chosen, and why the others were not.

    Attributes:
        index: of the chosen picture; None if no picture shows anything to wear.
        reasons: of every other picture, by index.
        fallback: why the chosen picture is no full shot from the front; empty if it is one.
        copies: indices of pictures that are there several times.
    """

    index: int | None
    reasons: Mapping[int, str]
    fallback: str = ""
    copies: frozenset[int] = frozenset()


def choose_picture(pictures: Sequence[PagePicture], kind: str = "") -> Choice:
    """Choose the picture of a page whose garments are shown: a full shot from the front (method 3).

    Of several, one that shows the product's kind is taken before others; then the one whose view and framing are
    surest, that shows most garments, is largest, and comes first. Where there is none, the next best is taken: from the
    front, another full shot, another picture of a person, an article that nobody wears.

    Args:
        pictures: of the page.
        kind: of the page's product; empty when unknown.
    """
    reasons: dict[int, str] = {}
    for index, picture in enumerate(pictures):
        if picture.look is None:
            reasons[index] = picture.unread or "cannot be read"
    copies = _copies(pictures)
    reasons |= copies
    best: tuple[tuple[float, ...], int] | None = None
    for index, picture in enumerate(pictures):
        if picture.look is None or index in reasons:
            continue
        if not wearable(picture.look):
            reasons[index] = "neither a person nor a garment is found"
            continue
        key = _key(picture.look, kind)
        if best is None or key < best[0]:
            best = (key, index)
    if best is None:
        return Choice(None, dict(sorted(reasons.items())), copies=frozenset(copies))
    chosen = best[1]
    for index, picture in enumerate(pictures):
        if picture.look is not None and index != chosen and index not in reasons:
            reasons[index] = why_not(picture.look) or _less_good(pictures[chosen], picture, kind)
    look = pictures[chosen].look
    lack = why_not(look) if look is not None else ""
    fallback = f"no full shot from the front: {lack}" if lack else ""
    return Choice(chosen, dict(sorted(reasons.items())), fallback, frozenset(copies))


def why_not(look: Look) -> str:
    """Why a picture is no full shot from the front, in words; empty if it is one."""
    if look.reader is None:
        return "without a reader no view is known"
    if not look.persons:
        return "no person"
    if look.view in _VIEWS:
        return _VIEWS[look.view]
    if look.view != "front":
        return "the view is not clear"
    if look.full_shot:
        return ""
    points = look.persons[0].keypoints
    lack = [
        part
        for part, joints in (("eyes", ("left_eye", "right_eye")), ("ankles", ("left_ankle", "right_ankle")))
        if points and any(points[INDEX[joint]].visibility < 2 for joint in joints)
    ]
    return f"no {' and no '.join(lack)}: not a full shot" if lack else "not a full shot"


def wearable(look: Look) -> tuple[Garment, ...]:
    """The garments of a look; a whole photo counts as one only without a reader."""
    if look.reader is None:
        return look.garments
    return tuple(garment for garment in look.garments if garment.category != WHOLE_PHOTO)


def garment_area(garment: Garment) -> float:
    """Square pixels of the photo that a garment covers."""
    covered = float(garment.mask.mean()) if garment.mask is not None else 1.0
    return covered * garment.box.area


def is_of_kind(garment: Garment, kind: str) -> bool:
    """Whether a garment may be of a kind."""
    return garment.category == kind or garment.kinds.get(kind, 0.0) >= _SHOWS


def are_related(one: str, other: str) -> bool:
    """Whether a reader may take one kind for the other, such as a top for a jacket."""
    return any({one, other} <= group for group in _RELATED)


def _shows(look: Look, kind: str) -> bool:
    return any(is_of_kind(garment, kind) or are_related(garment.category, kind) for garment in wearable(look))


def _key(look: Look, kind: str) -> tuple[float, ...]:
    """What orders the pictures of a page, the best first."""
    garments = wearable(look)
    front = bool(look.persons) and look.view == "front"
    return (
        not look.persons,
        not front,
        not look.full_shot,
        bool(kind) and not _shows(look, kind),
        _VIEW_ORDER.get(look.view, 1),
        -round(_certainty(look), 1),
        -len({garment.category for garment in garments}),
        -look.width * look.height,
    )


def _certainty(look: Look) -> float:
    """How sure it is that a picture is a full shot from the front, 0 to 1."""
    if look.view_probabilities and look.full_shot_probability is not None:
        return look.view_probabilities.get("front", 0.0) * look.full_shot_probability
    if not look.persons or not look.persons[0].keypoints:
        return 0.0
    points = look.persons[0].keypoints
    return min(points[INDEX[name]].score for name in ("left_eye", "right_eye", "left_ankle", "right_ankle"))


def _less_good(chosen: PagePicture, picture: PagePicture, kind: str) -> str:
    """Why a full shot from the front was not taken."""
    looks = [each.look for each in (chosen, picture) if each.look is not None]
    if kind and [_shows(look, kind) for look in looks] == [True, False]:
        return f"a full shot from the front, which does not show the {kind}"
    return f"a full shot from the front, but {chosen.name} is a better one"


def _copies(pictures: Sequence[PagePicture]) -> dict[int, str]:
    """Of pictures that are there several times, all but the largest, by index."""
    kept: list[int] = []
    found: dict[int, str] = {}
    size = {i: picture.look.width * picture.look.height for i, picture in enumerate(pictures) if picture.look}
    for index in sorted(size, key=lambda i: (-size[i], i)):
        same = next((other for other in kept if _is_copy(pictures[index], pictures[other])), None)
        if same is None:
            kept.append(index)
        else:
            smaller = "a smaller copy of" if size[index] < size[same] else "the same picture as"
            found[index] = f"{smaller} {pictures[same].name}"
    return found


def _is_copy(one: PagePicture, other: PagePicture) -> bool:
    if one.sha256 == other.sha256:
        return True
    if one.small is None or other.small is None or one.look is None or other.look is None:
        return False
    ratio = (one.look.width * other.look.height) / (one.look.height * other.look.width)
    return abs(ratio - 1) <= _SAME_RATIO and int(np.abs(one.small - other.small).max()) <= _SAME
