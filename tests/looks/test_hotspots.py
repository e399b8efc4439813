"""Where the marker of a garment belongs."""

from __future__ import annotations

import numpy as np

from streetshop.core.geometry import Box
from streetshop.looks.hotspots import hotspot
from tests.looks.poses import pose


def test_hotspots() -> None:
    full = np.ones((10, 10), bool)
    box = Box(30, 90, 70, 190)
    assert hotspot(full, box, pose(), on_leg=False) == box.center
    assert hotspot(full, box, (), on_leg=True) == box.center
    # A quarter of the way from knee (62, 145) to hip (62, 100), on the leg that is seen.
    assert hotspot(full, box, pose(right_knee=(38, 145, 1)), on_leg=True) == (62, 133.75)
    assert hotspot(full, box, pose(left_knee=(62, 145, 1)), on_leg=True) == (38, 133.75)
    legs = full.copy()
    legs[2:, 3:7] = False  # the box's centre falls between them
    x, y = hotspot(legs, box, (), on_leg=True)
    assert legs[int((y - 90) / 10), int((x - 30) / 4)]
    hidden = dict.fromkeys(("left_knee", "right_knee"), (0.0, 0.0, 0))
    assert hotspot(full, box, pose(**hidden), on_leg=True) == box.center
