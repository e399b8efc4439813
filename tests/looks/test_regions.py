"""Connected regions, against a flood fill."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streetshop.core.geometry import Box
from streetshop.looks.regions import components, gap, near_groups, parts_by_label, parts_of, size


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2)))
def test_components_equal_a_flood_fill(labels: NDArray[np.uint8]) -> None:
    numbers = components(labels)
    expected, count = np.full(labels.shape, -1), 0
    for start in np.ndindex(labels.shape):
        if expected[start] >= 0:
            continue
        todo = [start]
        expected[start] = count
        while todo:
            y, x = todo.pop()
            for v in range(max(y - 1, 0), min(y + 2, labels.shape[0])):
                for u in range(max(x - 1, 0), min(x + 2, labels.shape[1])):
                    if expected[v, u] < 0 and labels[v, u] == labels[y, x]:
                        expected[v, u] = count
                        todo.append((v, u))
        count += 1
    assert (numbers == expected).all()


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3)))
def test_parts_by_label_are_the_components_of_each_label(labels: NDArray[np.uint8]) -> None:
    numbers = components(labels)
    parts = parts_by_label(labels)
    assert set(parts) == set(labels[labels > 0].tolist())
    for label, masks in parts.items():
        mine = np.unique(numbers[labels == label], return_counts=True)
        expected = [i for _, i in sorted(zip(-mine[1], mine[0], strict=True))]
        assert len(masks) == len(expected)
        assert all((mask == (numbers == i)).all() for mask, i in zip(masks, expected, strict=True))


def test_a_spiral_is_one_region() -> None:
    picture = np.zeros((9, 9), np.uint8)
    picture[1:8, 1] = picture[1, 1:8] = picture[1:8, 7] = picture[7, 3:8] = picture[3:8, 3] = 1
    assert len(parts_of(picture == 1)) == 1


def test_parts_come_largest_first_and_boxes_group_by_their_gaps() -> None:
    mask = np.zeros((10, 10), bool)
    mask[0, 0] = mask[4:8, 4:8] = True
    assert [int(p.sum()) for p in parts_of(mask)] == [16, 1]
    assert parts_of(np.zeros((3, 3), bool)) == []
    a, b, c = Box(0, 0, 2, 2), Box(5, 0, 6, 2), Box(5, 6, 6, 8)
    assert (gap(a, b), gap(a, a), gap(a, c)) == (3, 0, 5)
    assert near_groups([a, b, c], 3) == [[0, 1], [2]]
    assert near_groups([a, b, c], 4) == [[0, 1, 2]]


def test_the_size_of_a_mask_is_its_number_of_true_pixels() -> None:
    assert size(np.asarray([[True, False], [True, True]])) == 3
    assert size(np.zeros((0, 3), np.bool_)) == 0
