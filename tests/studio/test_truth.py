"""Masks, boxes, keypoints and views of drawn pictures agree with each other."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.studio import check_attributes, decode_mask
from streetshop.studio.truth import (
    coco,
    encode_mask,
    from_json,
    manifest_rows,
    to_json,
    view_of,
)


@pytest.mark.parametrize(
    ("yaw", "view"),
    [
        (0, "front"),
        (44, "front"),
        (-46, "left"),
        (90, "right"),
        (136, "back"),
        (-180, "back"),
        (360, "front"),
        (270, "left"),
    ],
)
def test_views(yaw, view):
    assert view_of(yaw) == view


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_masks_survive_run_lengths(height, width, seed):
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    runs = encode_mask(mask)
    assert sum(runs) == height * width
    assert all(r > 0 for r in runs[1:])
    assert np.array_equal(decode_mask(runs, height, width), mask)


def test_truth_survives_json(photos, pages):
    for picture in [*photos, *pages.values()]:
        text = to_json(picture.truth)
        assert to_json(from_json(text)) == text


def test_coco_says_the_same(photos):
    truths = [p.truth for p in photos]
    data = json.loads(json.dumps(coco(truths)))
    assert len({a["id"] for a in data["annotations"]}) == len(data["annotations"])
    kinds = {c["id"]: c["name"] for c in data["categories"]}
    people = [a for a in data["annotations"] if kinds[a["category_id"]] == "person"]
    assert len(people) == sum(len(t.persons) for t in truths)
    for annotation in data["annotations"]:
        truth = truths[annotation["image_id"] - 1]
        height, width = annotation["segmentation"]["size"]
        assert (height, width) == (truth.height, truth.width)
        mask = decode_mask(annotation["segmentation"]["counts"], height, width)
        x, y, w, h = annotation["bbox"]
        rows, columns = np.nonzero(mask)
        assert (x, y, w, h) == (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert mask.sum() == annotation["area"]
        if annotation in people:
            assert len(annotation["keypoints"]) == 51
            assert annotation["num_keypoints"] == sum(v > 0 for v in annotation["keypoints"][2::3])
        else:
            wearer = next(a for a in people if a["id"] == annotation["person_id"])
            assert wearer["image_id"] == annotation["image_id"]


def test_manifest_rows_are_the_sold_garments(photos):
    truths = [p.truth for p in photos]
    rows = manifest_rows(truths)
    assert len(rows) == sum(bool(g.product_id) for t in truths for g in t.garments)
    for row in rows:
        x0, y0, x1, y1 = row["box"]
        assert 0 <= x0 < x1 <= row["width"]
        assert 0 <= y0 < y1 <= row["height"]
        assert row["domain"] == "street"
        assert row["view"] in ("front", "back", "left", "right")
        check_attributes(row["category"], json.loads(row["attributes"]))
        assert row["split"] in ("train", "val", "test")
