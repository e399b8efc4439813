"""What must hold within one drawn picture."""

import numpy as np

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.studio import check_attributes, decode_mask
from streetshop.studio.truth import LEAST_PIXELS, is_full_shot

SIZE = 160


def check_picture(picture, catalog):
    """Pixels, masks, boxes, keypoints and attributes of a picture agree with each other and the catalog."""
    truth = picture.truth
    assert picture.pixels.shape == (truth.height, truth.width, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.std() > 2
    size = truth.height, truth.width
    persons = [decode_mask(p.mask, *size) for p in truth.persons]
    taken = np.zeros(size, int)
    sold = {p.id: p for p in catalog}
    for garment in truth.garments:
        mask = decode_mask(garment.mask, *size)
        assert mask.shape == size
        check_box(garment, mask)
        taken += mask
        check_attributes(garment.category, garment.attributes)
        if garment.product_id:
            product = sold[garment.product_id]
            assert (product.category, product.split, dict(product.attributes)) == (
                garment.category,
                garment.split,
                dict(garment.attributes),
            )
        if garment.person is not None:
            assert not (mask & ~persons[garment.person]).any(), "a garment lies within its wearer's mask"
    assert taken.max(initial=0) <= 1, "a pixel shows one garment"
    for person, mask in zip(truth.persons, persons, strict=True):
        check_box(person, mask)
        check_keypoints(person, mask, size)
    if truth.view == "detail":
        assert not truth.full_shot
    if truth.full_shot:
        assert any(p.full_shot for p in truth.persons)


def check_box(item, mask):
    rows, columns = np.nonzero(mask)
    assert item.area == len(rows) >= LEAST_PIXELS
    assert list(item.box) == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], "the box is tight"


def check_keypoints(person, mask, size):
    assert len(person.keypoints) == len(COCO_KEYPOINTS)
    x0, y0, x1, y1 = person.box
    for x, y, visibility in person.keypoints:
        if visibility == 0:
            assert (x, y) == (0, 0)
            continue
        assert 0 <= x <= size[1]
        assert 0 <= y <= size[0]
        if visibility == 2:
            assert x0 <= x <= x1
            assert y0 <= y <= y1
            assert mask[min(int(y), size[0] - 1), min(int(x), size[1] - 1)], "a visible keypoint lies on the person"
    if person.full_shot:
        assert is_full_shot(person.keypoints)
