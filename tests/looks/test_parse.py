"""From pixel classes and heatmaps to garments and persons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streetshop.core.geometry import Box, paint_mask
from streetshop.looks.parse import Parsed, mean_inside, most_probable, parse
from streetshop.looks.rules import Rules
from streetshop.models.reader import Reading
from streetshop.models.spec import DEFAULT_CLASS_RULES

CLASSES = ("background", "skin", "hair", "top", "trousers", "dress", "footwear", "bag", "accessory")
RULES = Rules(CLASSES, CLASSES[3:])
HEIGHT, WIDTH = 96, 64


def drawing() -> NDArray[np.uint8]:
    """A person of rectangles: hair, face, top, two trouser legs, two shoes."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[8:12, 28:36] = CLASSES.index("hair")
    labels[12:18, 28:36] = CLASSES.index("skin")
    labels[18:42, 22:42] = CLASSES.index("top")
    labels[42:80, 22:30] = CLASSES.index("trousers")
    labels[42:80, 34:42] = CLASSES.index("trousers")
    labels[42:46, 30:34] = CLASSES.index("trousers")
    labels[80:84, 20:30] = CLASSES.index("footwear")
    labels[80:84, 34:44] = CLASSES.index("footwear")
    return labels


@given(planes=arrays(np.float32, (5, 4, 3), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
def test_the_most_probable_class_is_the_first_of_equals(planes: NDArray[np.float32]) -> None:
    assert (most_probable(planes) == planes.argmax(axis=0)).all()


def read(labels: NDArray[np.uint8], heat: NDArray[np.float32] | None = None, scale: int = 10) -> Parsed:
    sure = np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.92, 0.01).astype(np.float32)
    return parse(Reading(sure, heat, labels.shape[1] * scale, labels.shape[0] * scale), RULES)


def found(parsed: Parsed, category: str) -> list[Box]:
    return [g.box for g in parsed.garments if g.category == category]


# --- garments -----------------------------------------------------------------------------------------------------


def test_a_person_and_what_it_wears() -> None:
    parsed = read(drawing())
    assert sorted(g.category for g in parsed.garments) == ["footwear", "top", "trousers"]
    assert len(parsed.persons) == 1
    assert parsed.persons[0].box == Box(200, 80, 440, 840)
    assert all(g.person == 0 for g in parsed.garments)
    assert found(parsed, "footwear") == [Box(200, 800, 440, 840)], "a pair of shoes is one garment"
    assert parsed.full_shot is None, "without keypoints nobody can tell"
    assert parsed.view is None, "without keypoints nobody can tell"


def test_masks_lie_over_their_boxes_in_the_frame_of_the_photo() -> None:
    labels = drawing()
    for garment in read(labels).garments:
        assert garment.mask is not None
        painted = paint_mask(garment.mask, garment.box, WIDTH * 10, HEIGHT * 10)
        true = np.kron(labels == CLASSES.index(garment.category), np.ones((10, 10), bool))
        assert (painted == true).all()
        x, y = garment.hotspot
        assert painted[int(y), int(x)], "a hotspot is on its garment"


def test_what_an_occluder_split_is_one_garment_and_bags_stay_apart() -> None:
    labels = drawing()
    labels[28:32, 20:44] = CLASSES.index("bag")  # a strap right across the top
    parsed = read(labels)
    assert found(parsed, "top") == [Box(220, 180, 420, 420)]
    labels[46:56, 44:52] = CLASSES.index("bag")  # and a bag at the hand, touching the leg
    labels[46:56, 42:44] = CLASSES.index("skin")
    assert len(found(read(labels), "bag")) == 2


def test_a_wavering_name_in_one_place_is_one_garment() -> None:
    labels = drawing()
    labels[42:80, 22:42] = CLASSES.index("dress")
    labels[60:70, 24:40] = CLASSES.index("trousers")
    parsed = read(labels)
    assert len(found(parsed, "dress")) == 1
    assert not found(parsed, "trousers")
    assert found(parsed, "dress")[0] == Box(220, 420, 420, 800)
    (dress,) = (g for g in parsed.garments if g.category == "dress")
    assert dress.mask.all(), "the other's pixels are its own"
    labels[42:60, 22:42] = CLASSES.index("dress")
    labels[60:80, 22:42] = CLASSES.index("trousers")
    below = read(labels)
    assert len(found(below, "dress")) == len(found(below, "trousers")) == 1, "one below the other stay two"


def test_specks_are_dropped_but_small_things_are_kept() -> None:
    labels = drawing()
    labels[30, 30] = CLASSES.index("dress")
    labels[14, 29:34] = CLASSES.index("accessory")  # sunglasses
    names = [g.category for g in read(labels).garments]
    assert "dress" not in names
    assert names.count("accessory") == 1


def test_two_people_are_two_persons() -> None:
    labels = np.concatenate([drawing(), drawing()], axis=1)
    parsed = read(labels)
    assert len(parsed.persons) == 2
    assert sorted(g.person or 0 for g in parsed.garments) == [0, 0, 0, 1, 1, 1]
    assert len(found(parsed, "top")) == 2


def test_two_people_arm_in_arm_are_parted_between_their_heads() -> None:
    labels = np.concatenate([drawing(), drawing()], axis=1)
    labels[26:30, 42 : WIDTH + 22] = CLASSES.index("top")  # sleeves that touch
    assert len(read(labels).persons) == 1
    heat = np.zeros((17, HEIGHT // 2, WIDTH), np.float32)
    heat[0, 7, 16] = heat[0, 7, 16 + WIDTH // 2] = 0.9
    parsed = read(labels, heat)
    assert len(parsed.persons) == 2
    assert len(found(parsed, "top")) == 2


def test_a_loose_bag_beside_a_person_goes_with_it_and_bystanders_do_not_count() -> None:
    labels = drawing()
    labels[50:58, 45:50] = CLASSES.index("bag")
    labels[2:7, 2:5] = CLASSES.index("skin")  # someone far away
    parsed = read(labels)
    assert len(parsed.persons) == 1
    assert [g.person for g in parsed.garments if g.category == "bag"] == [0]


def test_a_lying_garment_is_one_article_of_the_class_most_of_it_votes_for() -> None:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[20:80, 16:48] = CLASSES.index("dress")
    labels[20:36, 16:48] = CLASSES.index("top")
    parsed = read(labels)
    assert [g.category for g in parsed.garments] == ["dress"]
    assert parsed.persons == ()
    assert parsed.garments[0].box == Box(160, 200, 480, 800)
    assert parsed.garments[0].person is None


def test_an_article_that_nobody_wears_has_the_name_that_is_said_of_it_as_a_whole() -> None:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[24:72, 16:48] = CLASSES.index("dress")
    articles = np.zeros((len(RULES.garments), 12, 8), np.float32)
    articles[RULES.garments.index("top"), 3:9, 2:6] = 2.0
    articles[RULES.garments.index("bag"), :3] = 50.0  # beside the article
    (garment,) = parse(Reading(_certain(labels), None, WIDTH, HEIGHT, articles), RULES).garments
    assert garment.category == "top"
    assert garment.box == Box(16, 24, 48, 72)
    assert garment.score == pytest.approx(np.exp(2) / (np.exp(2) + len(RULES.garments) - 1), abs=1e-4)
    worn = parse(Reading(_certain(drawing()), None, WIDTH, HEIGHT, articles), RULES)
    assert {g.category for g in worn.garments} == {"top", "trousers", "footwear"}, "what is worn keeps its names"


def _certain(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.92, 0.01).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    planes=arrays(np.float32, (2, 3, 2), elements=st.floats(-9, 9, width=16)),
    region=arrays(np.bool_, (12, 8)).filter(np.any),
)
def test_the_mean_inside_is_that_of_the_enlarged_planes(planes: NDArray[np.float32], region: NDArray[np.bool_]) -> None:
    large = planes.repeat(4, axis=1).repeat(4, axis=2)
    np.testing.assert_allclose(mean_inside(planes, region), large[:, region].mean(axis=1), rtol=1e-3, atol=1e-3)


def test_the_only_article_is_reported_however_unsure_its_name_is() -> None:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[10:40, 10:40] = CLASSES.index("dress")
    chances = np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.3, 0.0875).astype(np.float32)
    rules = Rules(CLASSES, CLASSES[3:], thresholds=dict.fromkeys(CLASSES[3:], 0.9))
    alone = parse(Reading(chances, None, WIDTH, HEIGHT), rules)
    assert [(g.category, g.box.corners) for g in alone.garments] == [("dress", (10, 10, 40, 40))]
    labels[60:90, 10:40] = CLASSES.index("skin")
    chances = np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.3, 0.0875).astype(np.float32)
    assert parse(Reading(chances, None, WIDTH, HEIGHT), rules).garments == (), "beside a person it must be sure"
    labels[70:90] = 0  # a hand is left of the person
    chances = np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.3, 0.0875).astype(np.float32)
    beside = parse(Reading(chances, None, WIDTH, HEIGHT), rules)
    assert len(beside.persons) == 1, "but beside a hand it is all"
    assert [g.category for g in beside.garments] == ["dress"], "but beside a hand it is all"


def test_clothes_without_a_sure_name_take_the_likeliest_and_all_of_their_pixels() -> None:
    labels = drawing()
    top, dress = labels == CLASSES.index("top"), np.zeros(labels.shape, np.bool_)
    dress[18:42, 22:31] = True  # half of what is a top may as well be a dress
    chances = np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.92, 0.01).astype(np.float32)
    chances[:, top & dress], chances[:, top & ~dress] = 0.02, 0.02
    for part, name, chance in ((top & dress, "dress", 0.5), (top & ~dress, "top", 0.6)):
        chances[CLASSES.index(name)][part], chances[0][part] = chance, 0.86 - chance - 0.02
    chances[CLASSES.index("dress")][40:42, 22:42], chances[CLASSES.index("top")][40:42, 22:42] = 0.5, 0.02
    reading = Reading(chances, None, WIDTH, HEIGHT)

    def clothes(**least: float) -> list[tuple[str, Box, int]]:
        parsed = parse(reading, Rules(CLASSES, CLASSES[3:], thresholds=least))
        return [
            (g.category, g.box, int(g.mask.sum()))
            for g in parsed.garments
            if g.category in ("top", "dress") and g.mask is not None
        ]

    both = clothes()
    assert sorted(name for name, _, _ in both) == ["dress", "top"]
    assert clothes(dress=0.9) == [one for one in both if one[0] == "top"], "a sure name beside it: the unsure one goes"
    assert clothes(top=0.9, dress=0.9) == [("top", Box(22, 18, 42, 42), int(top.sum()))]
    small = Reading(np.pad(chances, ((0, 0), (0, 200), (0, 200))), None, WIDTH + 200, HEIGHT + 200)
    small.probabilities[0, HEIGHT:] = small.probabilities[0, :, WIDTH:] = 1
    names = [
        g.category for g in parse(small, Rules(CLASSES, CLASSES[3:], thresholds={"top": 0.9, "dress": 0.9})).garments
    ]
    assert "top" not in names, "a speck needs a sure name"
    assert "dress" not in names, "a speck needs a sure name"
    assert "trousers" in names, "a speck needs a sure name"


def test_an_unsure_top_does_not_hide_unsure_trousers() -> None:
    labels = drawing()
    labels[60:78, 24:28] = labels[60:78, 36:40] = CLASSES.index("top")  # strays, so that its box covers the legs
    sure = np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.92, 0.01).astype(np.float32)
    rules = Rules(CLASSES, CLASSES[3:], thresholds={"top": 0.99, "trousers": 0.99, "dress": 0.99})
    garments = {g.category: g.box for g in parse(Reading(sure, None, WIDTH, HEIGHT), rules).garments}
    assert garments["top"].y1 == 78
    assert garments["trousers"] == Box(22, 42, 42, 80)


def test_an_empty_photo_has_nothing() -> None:
    assert read(np.zeros((8, 8), np.uint8)) == Parsed((), ())


def test_thresholds_and_calibration() -> None:
    labels = drawing()
    sure = np.where(labels[None] == np.arange(len(CLASSES))[:, None, None], 0.92, 0.01).astype(np.float32)
    reading = Reading(sure, None, WIDTH, HEIGHT)
    strict = Rules(CLASSES, CLASSES[3:], (1.0, 0.0, -3.0), {"footwear": 0.5})
    parsed = parse(reading, strict)
    assert found(parsed, "footwear") == []
    assert len(parsed.garments) == 2
    assert parsed.garments[0].score == pytest.approx(1 / (1 + np.exp(3 - np.log(0.92 / 0.08))), abs=1e-3)


def test_the_rules_of_a_bundle_decide_about_its_classes() -> None:
    labels = drawing()
    labels[80:84, 34:44] = 0
    labels[80:84, 46:56] = CLASSES.index("footwear")
    labels[82:84, 30:46] = CLASSES.index("skin")

    def shoes(**changed: object) -> list[Box]:
        rules = Rules(CLASSES, CLASSES[3:], groups=DEFAULT_CLASS_RULES.model_copy(update=changed))
        return found(parse(Reading(_certain(labels), None, WIDTH, HEIGHT), rules), "footwear")

    assert len(shoes()) == 1, "a pair"
    assert len(shoes(several=("footwear",))) == 2
    assert shoes(least_share={"footwear": 0.5}) == []
    assert shoes(least_share={}, least_share_else=0.5) == []
    rules = Rules(CLASSES, CLASSES[3:], groups=DEFAULT_CLASS_RULES.model_copy(update={"body": ()}))
    assert parse(Reading(_certain(labels), None, WIDTH, HEIGHT), rules).persons == (), "nobody without a body"


def test_the_hotspot_of_a_class_is_on_a_leg_where_the_rules_say_so() -> None:
    heat = np.zeros((17, HEIGHT, WIDTH), np.float32)
    for point, (x, y) in {11: (38, 44), 13: (38, 64), 12: (26, 44), 14: (26, 64)}.items():
        heat[point, y, x] = 0.9

    def spot(*on_leg: str) -> tuple[float, float]:
        rules = Rules(CLASSES, CLASSES[3:], groups=DEFAULT_CLASS_RULES.model_copy(update={"on_leg": on_leg}))
        parsed = parse(Reading(_certain(drawing()), heat, 10 * WIDTH, 10 * HEIGHT), rules)
        (trousers,) = (g for g in parsed.garments if g.category == "trousers")
        return trousers.hotspot

    assert spot("trousers") == pytest.approx((385, 595))
    assert spot("top") != spot("trousers")


# --- thresholds ---------------------------------------------------------------------------------------------------


def person() -> NDArray[np.uint8]:
    """100 x 100: a person of skin 20 x 50 = 1,000 pixels, on which garments are drawn."""
    labels = np.zeros((100, 100), np.uint8)
    labels[20:70, 40:60] = CLASSES.index("skin")
    return labels


def fill(labels: NDArray[np.uint8], name: str, pixels: int, top: int, left: int = 40, width: int = 20) -> None:
    """Draw a region of a number of pixels, row by row."""
    for i in range(pixels):
        labels[top + i // width, left + i % width] = CLASSES.index(name)


@pytest.mark.parametrize(
    ("name", "least"), [("top", 12), ("dress", 12), ("trousers", 12), ("footwear", 2), ("bag", 4), ("accessory", 1)]
)
def test_the_least_garment_is_a_part_of_its_person(name: str, least: int) -> None:
    for pixels in (least - 1, least):
        labels = person()
        fill(labels, name, pixels, 30)
        assert len(found(read(labels), name)) == (pixels == least)


def test_the_least_part_of_a_garment() -> None:
    for pixels, total in ((7, 200), (8, 208)):  # 4 % of 200
        labels = person()
        fill(labels, "top", 200, 25)
        fill(labels, "top", pixels, 60)
        (garment,) = read(labels).garments
        assert int(garment.mask.sum()) == total


def test_bags_are_apart_by_more_than_3_percent_of_the_persons_height() -> None:
    for gap, bags in ((3, 1), (4, 2)):
        labels = np.zeros((140, 100), np.uint8)
        labels[20:120, 40:60] = CLASSES.index("skin")
        labels[50:58, 40:48] = labels[50:58, 48 + gap : 56 + gap] = CLASSES.index("bag")
        assert len(found(read(labels), "bag")) == bags


def test_garments_are_in_one_place_from_70_percent_of_the_smaller_box_on() -> None:
    for rows, garments in ((7, 1), (6, 2)):
        labels = person()
        fill(labels, "dress", 20 * 20, 25)
        fill(labels, "trousers", rows * 10, 45 - rows, left=45, width=10)  # on the dress
        fill(labels, "trousers", (10 - rows) * 10, 45, left=45, width=10)  # below it
        labels[45 - rows : 45, 40:45] = CLASSES.index("dress")
        parsed = read(labels)
        assert len(found(parsed, "dress")) + len(found(parsed, "trousers")) == garments


def test_what_is_unsure_is_reported_from_1_5_percent_of_the_photo_on() -> None:
    rules = Rules(CLASSES, CLASSES[3:], thresholds=dict.fromkeys(CLASSES[3:], 0.99))
    for name, pixels, reported in (
        ("top", 149, False),
        ("top", 150, True),
        ("trousers", 150, True),
        ("bag", 300, False),
    ):
        labels = person()
        fill(labels, name, pixels, 30)
        parsed = parse(Reading(_certain(labels), None, 100, 100), rules)
        assert [g.category for g in parsed.garments] == [name] * reported


def test_keypoints_lie_up_to_6_percent_of_the_box_outside_a_person() -> None:
    # The person is 20 x 50: 1.2 pixels to the sides, 3 up and down, whole pixels that are touched.
    for x, y, height in (
        (61, 40, 0.9),
        (62, 40, 0),
        (38, 40, 0.9),
        (37, 40, 0),
        (50, 17, 0.9),
        (50, 16, 0),
        (50, 72, 0.9),
        (50, 73, 0),
    ):
        heat = np.zeros((17, 100, 100), np.float32)
        heat[9, y, x] = 0.9
        (someone,) = parse(Reading(_certain(person()), heat, 100, 100), RULES).persons
        assert someone.keypoints[9].score == pytest.approx(height), (x, y)
        if height:
            assert (someone.keypoints[9].x, someone.keypoints[9].y) == (x + 0.5, y + 0.5)
            assert someone.keypoints[9].visibility == 2


def test_keypoints_are_in_pixels_of_the_photo() -> None:
    heat = np.zeros((17, 50, 25), np.float32)
    heat[5, 20, 12] = 0.123456
    (someone,) = parse(Reading(_certain(person()), heat, 400, 300), RULES).persons
    point = someone.keypoints[5]
    assert (point.x, point.y, point.visibility, point.score) == (12.5 * 16, 20.5 * 6, 1, 0.1235)
    assert someone.box == Box(160, 60, 240, 210)


def test_garments_come_by_falling_score_and_the_main_person_is_the_largest() -> None:
    labels = np.zeros((100, 200), np.uint8)
    labels[20:60, 10:26] = labels[20:70, 140:160] = CLASSES.index("skin")
    fill(labels, "top", 100, 30, left=12, width=10)
    fill(labels, "trousers", 100, 30)
    fill(labels, "trousers", 100, 50, left=140)
    chances = _certain(labels)
    chances[CLASSES.index("trousers")][labels == CLASSES.index("trousers")] = 0.95
    parsed = parse(Reading(chances, None, 200, 100), RULES)
    assert [person.box.x0 for person in parsed.persons] == [140, 10]
    assert [(g.category, g.person) for g in parsed.garments] == [("trousers", 0), ("top", 1)]
    assert [g.score for g in parsed.garments] == sorted((g.score for g in parsed.garments), reverse=True)


def test_a_reader_with_keypoints_says_when_nobody_is_there() -> None:
    empty, heat = np.zeros((100, 100), np.uint8), np.zeros((17, 50, 50), np.float32)
    nothing = parse(Reading(_certain(empty), heat, 100, 100), RULES)
    assert (nothing.full_shot, nothing.view) == (False, None)
    fill(empty, "dress", 900, 20, width=30)
    alone = parse(Reading(_certain(empty), heat, 100, 100), RULES)
    assert (alone.full_shot, alone.view) == (False, "detail")
    assert parse(Reading(_certain(empty), None, 100, 100), RULES).view is None
