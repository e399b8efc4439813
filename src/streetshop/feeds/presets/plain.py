"""Systems whose exports have a row for each product: only the names of their columns are their own."""

from __future__ import annotations

from streetshop.feeds.presets.preset import Preset, marks

META = Preset(
    "meta",
    "Meta catalog (Facebook, Instagram)",
    marks(
        "id title imagelink fbproductcategory",
        "id title imagelink quantitytosellonfacebook",
        "id title imagelink internallabel",
        "retailerid name imageurl",
    ),
    {"category": ("producttype", "googleproductcategory", "fbproductcategory")},
    decimal=".",
)
GOOGLE = Preset(
    "google",
    "Google Merchant Center",
    marks(
        "id title imagelink googleproductcategory",
        "id title imagelink link price availability",
        "id title imagelink itemgroupid",
        "offerid title imagelink",
    ),
    decimal=".",
)
KAGGLE = Preset(
    "kaggle",
    "Kaggle fashion styles.csv",
    marks("id mastercategory articletype productdisplayname"),
    {"id": ("id",), "title": ("productdisplayname",), "category": ("articletype",), "image": ("id",)},
    templates=("images/{}.jpg", "{}.jpg", "images/{}.png"),
)
