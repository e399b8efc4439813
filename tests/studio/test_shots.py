"""The pictures of product pages."""

from streetshop.core.geometry import COCO_KEYPOINTS
from tests.studio.consistent import check_picture


def test_product_pages_are_consistent(shop, pages):
    for picture in pages.values():
        check_picture(picture, shop[0])


def test_a_page_shows_its_product_from_the_sides_it_says(pages):
    for (product, shot), picture in pages.items():
        truth = picture.truth
        assert truth.product_id == product
        assert truth.shot == shot
        assert truth.domain == "shop"
        assert truth.view == (None if shot == "packshot" else shot)
        if shot in ("packshot", "front", "detail"):
            assert product in {g.product_id for g in truth.garments}, shot
        if shot == "packshot":
            assert len(truth.garments) == 1
            assert not truth.persons
            # On white: the corners are bright.
            assert picture.pixels[:4, :4].min() > 225
        else:
            assert len(truth.persons) == 1


def test_a_front_shot_is_a_full_shot_unless_an_ankle_is_covered(pages):
    fronts = [p.truth for (_, shot), p in pages.items() if shot == "front"]
    assert sum(t.full_shot for t in fronts) >= len(fronts) * 0.5
    for truth in fronts:
        seen = {n: v for n, (_, _, v) in zip(COCO_KEYPOINTS, truth.persons[0].keypoints, strict=True)}
        assert all(v > 0 for v in seen.values()), "nothing of a full-shot framing is outside the picture"
        assert truth.full_shot == (
            seen["left_eye"] == seen["right_eye"] == seen["left_ankle"] == seen["right_ankle"] == 2
        )
    for (_, shot), picture in pages.items():
        if shot == "back":
            eyes = [picture.truth.persons[0].keypoints[k][2] for k in (1, 2)]
            assert eyes == [1, 1]
            assert not picture.truth.full_shot


def test_left_and_right_are_the_persons_own(pages):
    left, right = COCO_KEYPOINTS.index("left_shoulder"), COCO_KEYPOINTS.index("right_shoulder")
    for (_, shot), picture in pages.items():
        if shot in ("front", "back"):
            points = picture.truth.persons[0].keypoints
            assert (points[left][0] > points[right][0]) == (shot == "front")
        if shot in ("left", "right"):
            shown = left if shot == "left" else right
            points = picture.truth.persons[0].keypoints
            assert points[shown][2] >= points[left + right - shown][2]
