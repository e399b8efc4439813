"""Pictures that several tests look at."""

import pytest

from streetshop.studio import SHOTS, make_catalog
from streetshop.studio.outfit import Wardrobe
from streetshop.studio.shots import draw_shot
from streetshop.studio.street import draw_street_photo
from tests.studio.consistent import SIZE


@pytest.fixture(scope="session")
def shop():
    catalog = make_catalog(240, 7)
    return catalog, Wardrobe(catalog, 7)


@pytest.fixture(scope="session")
def pages(shop):
    catalog, wardrobe = shop
    return {(p.id, s): draw_shot(p, s, wardrobe, 7, SIZE) for p in catalog[::24] for s in SHOTS}


@pytest.fixture(scope="session")
def photos(shop):
    return [draw_street_photo(k, shop[1], 7, SIZE) for k in range(14)]
