"""The ground truth of a drawn picture: plain values, COCO JSON and manifest rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streetshop.core.geometry import COCO_KEYPOINTS, Mask, box_of_mask
from streetshop.studio.body import Body
from streetshop.studio.camera import Camera
from streetshop.studio.render import Rendering
from streetshop.studio.vocabulary import CATEGORIES

VIEWS = ("front", "back", "left", "right", "detail")
LEAST_PIXELS = 32
"""A garment with fewer visible pixels is left out of the ground truth."""

_SKELETON = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13],
    [6, 7], [6, 8], [7, 9], [8, 10], [9, 11], [2, 3], [1, 2],
    [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]  # fmt: skip
# Depth of each joint under the surface in metres, in COCO order; a surface further in front of the joint hides it.
_DEPTH = np.array(
    [0.05, 0.05, 0.05, 0.07, 0.07, 0.12, 0.12, 0.10, 0.10, 0.08, 0.08, 0.20, 0.20, 0.12, 0.12, 0.10, 0.10]
)
_UNDER_SKIRT = frozenset(range(13, 17))


@dataclass(frozen=True, slots=True)
class GarmentTruth:
    """A garment in a picture.

    Attributes:
        product_id: empty if the shop does not sell it.
        category: a key of :data:`~streetshop.studio.vocabulary.CATEGORIES`.
        attributes: of the product.
        box: [x0, y0, x1, y1] pixels, half-open, tight around the visible mask.
        area: visible pixels.
        mask: COCO run lengths of the visible pixels, column-major, first run of zeros.
        person: index of the wearer in ``persons``, or None on a packshot.
        split: train, val or test, of the product; empty if the shop does not sell it.
    """

    product_id: str
    category: str
    attributes: Mapping[str, str]
    box: Sequence[float]
    area: int
    mask: Sequence[int]
    person: int | None
    split: str


@dataclass(frozen=True, slots=True)
class PersonTruth:
    """A person in a picture.

    Attributes:
        box: [x0, y0, x1, y1] pixels around all that is visible of the body and of what is worn.
        area: visible pixels of the person and the clothes.
        keypoints: 17 of [x, y, visibility]; visibility 0 outside the picture, 1 hidden, 2 visible.
        view: front, back, left or right: the side of the person that is seen.
        full_shot: both eyes and both ankles are visible.
        mask: run lengths of the visible person, clothes included.
    """

    box: Sequence[float]
    area: int
    keypoints: Sequence[Sequence[float]]
    view: str
    full_shot: bool
    mask: Sequence[int]


@dataclass(frozen=True, slots=True)
class PictureTruth:
    """The ground truth of one picture.

    Attributes:
        image: path relative to the folder of the manifest.
        width: pixels.
        height: pixels.
        domain: street or shop.
        shot: packshot, front, back, left, right, detail or street.
        view: of the largest person; detail on a close-up, None on a packshot.
        full_shot: both eyes and both ankles of a person are visible.
        product_id: the product that a shop picture shows; empty for a street photo.
        garments: those of which at least :data:`LEAST_PIXELS` pixels are visible.
        persons: the visible persons.
    """

    image: str
    width: int
    height: int
    domain: str
    shot: str
    view: str | None
    full_shot: bool
    product_id: str
    garments: Sequence[GarmentTruth] = field(default_factory=tuple)
    persons: Sequence[PersonTruth] = field(default_factory=tuple)


def encode_mask(mask: Mask) -> list[int]:
    """Uncompressed COCO run lengths of a (h, w) mask: column-major, beginning with zeros."""
    flat = mask.T.reshape(-1)
    change = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], change, [flat.size]]))
    return [0, *map(int, runs)] if flat[0] else [int(r) for r in runs]


def decode_mask(runs: Sequence[int], height: int, width: int) -> Mask:
    """The (h, w) mask of run lengths; the inverse of :func:`encode_mask`."""
    value = np.arange(len(runs)) % 2 == 1
    return np.repeat(value, np.asarray(runs)).reshape(width, height).T


def view_of(yaw: float) -> str:
    """The side that the camera sees of a person who is turned by ``yaw`` degrees."""
    turned = (yaw + 180) % 360 - 180
    if abs(turned) <= 45:
        return "front"
    if abs(turned) >= 135:
        return "back"
    return "right" if turned > 0 else "left"


def keypoints_of(
    body: Body, camera: Camera, rendering: Rendering, own: NDArray[np.int64], skirts: NDArray[np.int64], seen: Mask
) -> list[list[float]]:
    """The 17 keypoints of a person as [x, y, visibility].

    As in COCO's annotations, a keypoint is visible if its pixel shows the person or cloth worn there, and no other part
    of the person lies clearly in front of it. Knees and ankles under a skirt are hidden.

    Args:
        body: the person.
        camera: the camera of the picture.
        rendering: the drawn scene.
        own: owner indices of this person and of what the person wears.
        skirts: those of them that are skirts or dresses.
        seen: (h, w) False where something in the foreground covers the picture.
    """
    xy, depth = camera.project(body.keypoints())
    height, width = rendering.owner.shape
    result = []
    for k in range(len(COCO_KEYPOINTS)):
        x, y = float(xy[k, 0]), float(xy[k, 1])
        column, row = int(np.floor(x)), int(np.floor(y))
        if not (0 <= column < width and 0 <= row < height):
            result.append([0.0, 0.0, 0])
            continue
        owner = int(rendering.owner[row, column])
        covered = depth[k] - float(rendering.depth[row, column]) > _DEPTH[k] * body.tall / 1.7
        hidden = owner not in own or covered or not seen[row, column] or (k in _UNDER_SKIRT and owner in skirts)
        # Truncated: a rounded point could fall into the next pixel, off the person.
        result.append([np.floor(x * 100).item() / 100, np.floor(y * 100).item() / 100, 1 if hidden else 2])
    return result


def is_full_shot(keypoints: Sequence[Sequence[float]]) -> bool:
    """Whether both eyes and both ankles are visible (the definition of method 3)."""
    return all(
        keypoints[COCO_KEYPOINTS.index(n)][2] == 2 for n in ("left_eye", "right_eye", "left_ankle", "right_ankle")
    )


def box_list(mask: Mask) -> list[float]:
    """[x0, y0, x1, y1] of a mask that is not empty."""
    return list(box_of_mask(mask).corners)


def to_json(truth: PictureTruth) -> str:
    """The ground truth as one line of JSON."""
    return json.dumps(asdict(truth), separators=(",", ":"), sort_keys=True)


def from_json(text: str) -> PictureTruth:
    """The inverse of :func:`to_json`."""
    values: dict[str, Any] = json.loads(text)
    values["garments"] = tuple(GarmentTruth(**g) for g in values["garments"])
    values["persons"] = tuple(PersonTruth(**p) for p in values["persons"])
    return PictureTruth(**values)


def coco(pictures: Iterable[PictureTruth]) -> dict[str, Any]:
    """The COCO object format: category 1 is the person with keypoints; the garment categories follow from 2."""
    categories: list[dict[str, Any]] = [
        {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(COCO_KEYPOINTS), "skeleton": _SKELETON}
    ]
    numbers = {}
    for number, category in enumerate(CATEGORIES.values(), start=2):
        numbers[category.name] = number
        categories.append({"id": number, "name": category.name, "supercategory": category.group})
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for picture in pictures:
        image = len(images) + 1
        size = [picture.height, picture.width]
        images.append(
            {
                "id": image,
                "file_name": picture.image,
                "width": picture.width,
                "height": picture.height,
                "view": picture.view,
                "full_shot": picture.full_shot,
                "domain": picture.domain,
                "shot": picture.shot,
                "product_id": picture.product_id,
            }
        )
        ids = []
        for person in picture.persons:
            ids.append(len(annotations) + 1)
            flat = [v for point in person.keypoints for v in point]
            annotations.append(
                {
                    "id": ids[-1],
                    "image_id": image,
                    "category_id": 1,
                    "bbox": _xywh(person.box),
                    "area": person.area,
                    "iscrowd": 0,
                    "segmentation": {"size": size, "counts": list(person.mask)},
                    "keypoints": flat,
                    "num_keypoints": sum(point[2] > 0 for point in person.keypoints),
                    "view": person.view,
                    "full_shot": person.full_shot,
                }
            )
        for garment in picture.garments:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": numbers[garment.category],
                    "bbox": _xywh(garment.box),
                    "area": garment.area,
                    "iscrowd": 0,
                    "segmentation": {"size": size, "counts": list(garment.mask)},
                    "product_id": garment.product_id,
                    "attributes": dict(garment.attributes),
                    "person_id": None if garment.person is None else ids[garment.person],
                }
            )
    return {
        "info": {"description": "Drawn by streetshop.studio"},
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }


def _xywh(box: Sequence[float]) -> list[float]:
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def manifest_rows(pictures: Iterable[PictureTruth]) -> list[dict[str, Any]]:
    """One row per picture and garment that the shop sells."""
    rows = []
    for picture in pictures:
        for garment in picture.garments:
            if not garment.product_id:
                continue
            person = None if garment.person is None else picture.persons[garment.person]
            rows.append(
                {
                    "image": picture.image,
                    "product_id": garment.product_id,
                    "domain": picture.domain,
                    "category": garment.category,
                    "split": garment.split,
                    "box": [float(v) for v in garment.box],
                    "view": picture.view if picture.shot == "detail" or person is None else person.view,
                    "attributes": json.dumps(dict(garment.attributes), sort_keys=True),
                    "shot": picture.shot,
                    "full_shot": bool(person.full_shot) if person else False,
                    "main": picture.product_id == garment.product_id,
                    "width": picture.width,
                    "height": picture.height,
                    "mask": [int(v) for v in garment.mask],
                    "keypoints": [float(v) for point in person.keypoints for v in point] if person else None,
                }
            )
    return rows


def write_manifest(path: Path, pictures: Sequence[PictureTruth]) -> None:
    """Write :func:`manifest_rows` as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("image", pa.string()),
            ("product_id", pa.string()),
            ("domain", pa.string()),
            ("category", pa.string()),
            ("split", pa.string()),
            ("box", pa.list_(pa.float32())),
            ("view", pa.string()),
            ("attributes", pa.string()),
            ("shot", pa.string()),
            ("full_shot", pa.bool_()),
            ("main", pa.bool_()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("mask", pa.list_(pa.int32())),
            ("keypoints", pa.list_(pa.float32())),
        ]
    )
    pq.write_table(pa.Table.from_pylist(manifest_rows(pictures), schema=schema), path)
