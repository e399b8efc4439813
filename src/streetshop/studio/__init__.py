"""Synthetic photographs with complete ground truth.

A shop is drawn from a seed: product pages, street photos of people who wear the products, and the ground truth of
every picture. Nothing is downloaded, no real person is shown, and the same seed gives the same bytes.
"""

from streetshop.studio.draw import draw_catalog, draw_dataset, draw_street
from streetshop.studio.products import Product, make_catalog
from streetshop.studio.shots import SHOTS
from streetshop.studio.truth import GarmentTruth, PersonTruth, PictureTruth, decode_mask
from streetshop.studio.vocabulary import CATEGORIES, COLORS, GROUPS, attribute_values, check_attributes, check_category

__all__ = [
    "CATEGORIES",
    "COLORS",
    "GROUPS",
    "SHOTS",
    "GarmentTruth",
    "PersonTruth",
    "PictureTruth",
    "Product",
    "attribute_values",
    "check_attributes",
    "check_category",
    "decode_mask",
    "draw_catalog",
    "draw_dataset",
    "draw_street",
    "make_catalog",
]
