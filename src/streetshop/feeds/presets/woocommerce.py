"""WooCommerce: products, and variations that name their parent, in the headers of several languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streetshop.feeds.presets.families import Families, Member
from streetshop.feeds.presets.preset import Preset, Read, marks
from streetshop.feeds.presets.sheet import Found, Sheet
from streetshop.feeds.values import Values, as_text

_ID = ("id",)
_TYPE = ("type", "typ", "tipo")
_CODE = ("sku", "artikelnummer", "ugs", "codice", "artikelcode", "ref", "referencia")
_PARENT = (
    "parent",
    "ubergeordnetesprodukt",
    "ubergeordnet",
    "superior",
    "genitore",
    "hoofdproduct",
    "ascendente",
    "nadrzedny",
)
_PICTURES = ("images", "bilder", "imagenes", "immagini", "afbeeldingen", "imagens", "obrazki")
_PUBLISHED = ("published", "veroffentlicht", "publie", "publicado", "pubblicato", "gepubliceerd", "opublikowano")
_VISIBILITY = (
    *("visibilityincatalog", "sichtbarkeitimkatalog", "visibilitedanslecatalogue", "visibilidadenelcatalogo"),
    *("visibilitanelcatalogo", "zichtbaarheidincatalogus", "visibilidadenocatalogo"),
)
_ATTRIBUTE = ("attribute", "attribut", "atributo", "attributo", "attribuut", "nomdelattribut", "atrybut")
_NAME = ("name", "nom", "nombre", "nome", "naam", "nazwa")
_VALUES = ("values", "value", "werte", "wert", "valeurs", "valores", "valor", "valori", "waarden", "wartosci")
_NOT_SHOWN = {"-1": "draft", "0": "hidden", "2": "hidden", "false": "hidden"}
_OF_SHOP = re.compile(
    r"isfeatured|taxstatus|taxclass|lowstockamount|backordersallowed|soldindividually|allowcustomerreviews|purchasenote|"
    r"shippingclass|downloadlimit|downloadexpirydays|groupedproducts|upsells|crosssells|buttontext|position|"
    r"attribute\d+(?:visible|global|default)|download\d+\w*|meta\w+"
)
_FEW = 30


def _open(sheet: Sheet) -> Read:
    pictures = sheet.column(*_PICTURES)
    options = _option_columns(sheet)
    own_columns = {
        *sheet.columns(*_TYPE),
        *sheet.columns(*_CODE),
        *sheet.columns("stock", "instock"),
        *sheet.columns(*_ID),
    }
    own_columns |= {column for pair in options for column in pair}

    def member(row: Values) -> Member:
        kind = sheet.text(row, *_TYPE).lower()
        code, number = sheet.text(row, *_CODE), sheet.text(row, *_ID)
        names = tuple(each for each in (code, f"id:{number}" if number else "") if each)
        state = _NOT_SHOWN.get(sheet.text(row, *_PUBLISHED), "")
        if not state and sheet.text(row, *_VISIBILITY).lower() == "hidden":
            state = "hidden"
        found = {as_text(row.get(name)): as_text(row.get(value)) for name, value in options}
        given = {name: value.replace("\\,", ",") for name, value in found.items() if name and value}
        if "variation" in kind or "variante" in kind or "wariant" in kind:
            parent = sheet.text(row, *_PARENT)
            return Member("child", names, parent, (), state, given, tuple(sheet.pictures(row, [pictures])))
        return Member("parent" if "variable" in kind else "single", names, "", (), state, given)

    dropped = {*sheet.matching(_OF_SHOP), *sheet.columns(*_TYPE, *_PARENT, *_PUBLISHED, *_VISIBILITY)}
    dropped |= {column for pair in options for column in pair}
    families = Families(sheet, member, sheet.column(*_ID), pictures, lambda column: column not in own_columns, dropped)
    regular, current = sheet.column("regularprice"), sheet.column("price")
    if not regular or not current:
        return families

    def read() -> Iterator[Found]:
        # The REST API gives a product with variations only its current price.
        for number, values in families():
            if isinstance(values, dict) and not as_text(values.get(regular)):
                values = {**values, regular: values.get(current)}
            yield number, values

    return read


def _option_columns(sheet: Sheet) -> list[tuple[str, str]]:
    """The columns of the name and the value of each attribute."""
    pairs = []
    for n in range(1, _FEW):
        name = sheet.column(*(f"{word}{n}{name}" for word in _ATTRIBUTE for name in _NAME))
        value = sheet.column(
            *(f"{word}{n}{value}{s}" for word in _ATTRIBUTE for value in _VALUES for s in ("", "s", "e", "es", "n"))
        )
        if name and value:
            pairs.append((name, value))
    return pairs


PRESET = Preset(
    "woocommerce",
    "WooCommerce",
    marks(
        "type sku name regularprice images",
        "id type parent images",
        "id permalink regularprice images",
        "id typ artikelnummer bilder",
        "id type ugs images",
        "id tipo sku imagenes",
        "id tipo sku immagini",
        "id type sku afbeeldingen",
        "id tipo sku imagens",
        "id name visibilityincatalog images",
    ),
    {
        "id": ("id", *_CODE),
        "title": _NAME,
        "price": (
            *(
                "regularprice",
                "regularerpreis",
                "tarifregulier",
                "precionormal",
                "prezzodilistino",
                "normaleprijs",
                "reguliereprijs",
            ),
            *("preconormal", "cenaregularna"),
        ),
        "image": _PICTURES,
        "in_stock": (
            "instock",
            "vorratig",
            "enstock",
            "enexistencias",
            "hayexistencias",
            "instock",
            "opvoorraad",
            "emstock",
        ),
        "url": ("permalink", "externalurl"),
    },
    _open,
)
