"""Examples of how photos show persons: views, and whether both eyes and both ankles are visible.

Real ones are photos of Clothing Co-Parsing and parts of them, labelled by eye in ``sets/views.csv``; drawn ones are
pages of the studio, whose ground truth says it.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from streetshop.core.errors import DatasetError
from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.core.photo import Photo
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.sets.ccp import TWINS
from streetshop.models.framing import VIEWS
from streetshop.studio import PictureTruth, draw_catalog
from streetshop.studio.files import read_truth

LABELS: Final = Path(__file__).parent / "sets" / "views.csv"
"""Labels by eye: the number of the photo, a box in pixels (empty: the whole photo), its view, eyes and ankles."""
PAGE_SHOTS: Final = ("front", "back", "left", "right", "detail")
"""Pictures of a drawn page, named as their views."""
PAGE_SIZE: Final = 512
"""Long side of a drawn picture in pixels."""
_COLUMNS: Final = ("photo", "x0", "y0", "x1", "y1", "view", "eyes", "ankles")
_SAID: Final = {"yes": True, "no": False, "": None}
_MIRRORED: Final = {"left": "right", "right": "left"}
Half = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class FramedPicture:
    """A picture with its labels.

    Attributes:
        path: of the picture.
        box: x0, y0, x1, y1 in pixels of the part that is shown; None for the whole picture.
        view: one of ``models.framing.VIEWS``.
        eyes, ankles: whether both are visible; None when unknown.
        group: pictures of one photo or one product have one group.
        drawn: whether the studio drew it.
        mirrored: whether it is shown mirrored; the labels are those of the mirrored picture.
    """

    path: Path
    box: tuple[int, int, int, int] | None
    view: str
    eyes: bool | None
    ankles: bool | None
    group: str
    drawn: bool = False
    mirrored: bool = False

    @property
    def full_shot(self) -> bool | None:
        """Whether both eyes and both ankles are visible; None when unknown."""
        if self.eyes is False or self.ankles is False:
            return False
        return True if self.eyes and self.ankles else None

    def mirror(self) -> FramedPicture:
        """Return the mirrored picture: who faces left faces right there."""
        view = _MIRRORED.get(self.view, self.view)
        return replace(self, view=view, mirrored=not self.mirrored)

    def load(self) -> Photo:
        """Decode what is shown.

        Raises:
            PhotoError: the file cannot be read.
        """
        photo = Photo.from_path(self.path)
        if self.box is None and not self.mirrored:
            return photo
        x0, y0, x1, y1 = self.box or (0, 0, photo.width, photo.height)
        pixels = photo.pixels[y0:y1, x0:x1]
        return Photo.from_array(np.ascontiguousarray(pixels[:, ::-1] if self.mirrored else pixels))


def half_of(photo: str) -> Half:
    """Return the half of a photo of Clothing Co-Parsing, by its number: one teaches, the other is measured on.

    Twins are in one half. The other splits of the data set are of no use here: persons who are not seen from the front
    are too few.
    """
    key = next((pair[0] for pair in TWINS if photo in pair), photo)
    return "train" if hashlib.sha256(f"views/{key}".encode()).digest()[0] % 2 else "test"


def read_labelled(photos: Path, half: Half | None = None, labels: Path = LABELS) -> list[FramedPicture]:
    """Read the labelled parts of real photos.

    Args:
        photos: the folder of photos of Clothing Co-Parsing.
        half: only of this one.
        labels: the file of labels.

    Raises:
        DatasetError: a photo is missing, or the file has a wrong value.
    """
    found = []
    with labels.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != _COLUMNS:
            raise DatasetError("line 1 names other columns", where=str(labels), hint=f"Expected {','.join(_COLUMNS)}")
        for row in rows:
            if half not in (None, half_of(row["photo"])):
                continue
            where = f"{labels}:{rows.line_num}"
            path = photos / f"{row['photo']}.jpg"
            if not path.is_file():
                raise DatasetError("there is no such photo", where=str(path), hint="Give the whole data set")
            try:
                corners = tuple(int(row[name]) for name in ("x0", "y0", "x1", "y1") if row[name])
                said = _SAID[row["eyes"]], _SAID[row["ankles"]]
                if row["view"] not in VIEWS or len(corners) not in (0, 4):
                    raise ValueError("an unknown view, or a box without four numbers")
            except (KeyError, ValueError) as error:
                raise DatasetError(f"a wrong value ({error})", where=where, hint="See the other lines") from None
            box = (corners[0], corners[1], corners[2], corners[3]) if corners else None
            found.append(FramedPicture(path, box, row["view"], *said, group=row["photo"]))
    return found


def draw_pages(out: Path, pages: int, seed: int, *, workers: int | None = None) -> list[FramedPicture]:
    """Draw pages of five pictures each; what is there already is kept.

    Args:
        out: a new folder, or one in which the same was drawn.
        pages: how many.
        seed: of the studio.
        workers: processes; None for one per core.

    Raises:
        StudioError: the folder has other content.
    """
    with Progress("drawing pages", pages * len(PAGE_SHOTS)) as progress:
        draw_catalog(out, pages, seed, workers=workers, size=PAGE_SIZE, shots=PAGE_SHOTS, progress=progress)
    images = sorted((out / "images" / "shop").glob("*.jpg"))
    return [drawn_picture(out, read_truth(out, f"images/shop/{image.name}")) for image in images]


def drawn_picture(root: Path, truth: PictureTruth) -> FramedPicture:
    """Return a drawn picture of a page with its labels.

    Raises:
        ValueError: nobody is meant to be on it.
    """
    if truth.view is None:
        raise ValueError(f"{truth.image} shows nobody")
    points = truth.persons[0].keypoints if truth.persons else ()
    eyes, ankles = (_both(points, name) for name in ("eye", "ankle"))
    return FramedPicture(root / truth.image, None, truth.view, eyes, ankles, truth.product_id, drawn=True)


def _both(points: Sequence[Sequence[float]], name: str) -> bool:
    places = [COCO_KEYPOINTS.index(f"{side}_{name}") for side in ("left", "right")]
    return bool(points) and all(points[place][2] == 2 for place in places)
