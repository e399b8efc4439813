"""Hair styles."""

import numpy as np
import pytest

from streetshop.studio.hair import hair
from streetshop.studio.people import HAIR
from tests.studio.worn import OWNER, body, check, lowest


@pytest.mark.parametrize("style", [s for s in HAIR if s != "bald"])
def test_every_style_leaves_the_face_free(style):
    patches = hair(body(hair=style), OWNER, hat=False)
    check(patches)
    alpha = patches[0].texture.alpha
    rows, columns = alpha.shape
    assert not alpha[rows * 3 // 4, columns // 2 - 5 : columns // 2 + 5].any()
    assert alpha[:3].all()


def test_long_hair_hangs_lower_than_a_bob_and_the_bald_have_none():
    heights = [lowest(hair(body(hair=style), OWNER, hat=False)) for style in ("long", "bob", "crop")]
    assert heights == sorted(heights)
    assert hair(body(hair="bald"), OWNER, hat=False) == []


def test_hair_lies_flat_under_a_hat():
    person = body(hair="curly")
    free, covered = (hair(person, OWNER, hat=hat)[0].points for hat in (False, True))
    assert np.ptp(covered[..., 0]) < np.ptp(free[..., 0])
