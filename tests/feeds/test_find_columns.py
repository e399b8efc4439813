"""Which column holds which field, in eight languages and many spellings."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.find_columns import find_columns
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, write

HEADERS = {
    "de": "Artikelnummer;Bezeichnung;Kategorie;Hersteller;Verkaufspreis;Währung;Verfügbarkeit;Bild;Produktlink",
    "fr": "Référence;Nom;Catégorie;Marque;Prix TTC;Devise;Disponibilité;Lien image;Lien",
    "es": "Referencia;Nombre;Categoría;Marca;Precio;Moneda;Disponibilidad;Imagen;Enlace",
    "it": "Codice;Titolo;Categoria;Marca;Prezzo;Valuta;Disponibilità;Immagine;Link prodotto",
    "nl": "Artikelnummer;Naam;Categorie;Merk;Prijs;Valuta;Voorraad;Afbeelding;Productlink",
    "pt": "Referência;Nome;Categoria;Marca;Preço;Moeda;Disponibilidade;Imagem;Link produto",
    "pl": "Kod produktu;Nazwa;Kategoria;Producent;Cena brutto;Waluta;Dostępność;Zdjęcie;Link do produktu",
    "en": "SKU;Product Name;Category Path;Manufacturer;Selling Price;Currency Code;Stock Status;Main Image;Permalink",
    "camel": "productId;productName;categoryName;brandName;unitPrice;currencyCode;stockQuantity;imageUrl;productUrl",
}
FIELDS = ("id", "title", "category", "brand", "price", "currency", "in_stock", "image", "url")


@pytest.mark.parametrize("language", HEADERS)
def test_headers_of_languages(language: str) -> None:
    header = HEADERS[language].split(";")
    columns = find_columns(header)
    found = {**columns.fields, "image": columns.images[0]}
    assert [found.get(name) for name in FIELDS] == header
    bare = [name.encode("ascii", "ignore").decode() if language == "en" else name.upper() for name in header]
    assert [{**find_columns(bare).fields}.get(name) for name in FIELDS if name != "image"] == [
        name for field, name in zip(FIELDS, bare, strict=True) if field != "image"
    ]


def test_umlauts_and_accents_may_be_missing() -> None:
    for header in (
        ["Artikelnummer", "Bild", "Verfuegbarkeit", "Waehrung"],
        ["ref", "photo", "disponibilite", "devise"],
    ):
        columns = find_columns(header)
        assert (columns.fields["in_stock"], columns.fields["currency"]) == (header[2], header[3])


def test_numbered_pictures_follow_in_order() -> None:
    header = ["id", "IMAGE10", "IMAGE2", "IMAGE1", "other_image_url1", "Other Image URL 2", "image_width_1", "photo"]
    columns = find_columns(header)
    assert columns.images == ("IMAGE1", "IMAGE2", "IMAGE10", "photo", "other_image_url1", "Other Image URL 2")
    assert columns.attributes == {"image_width_1": "image_width_1"}
    assert find_columns(header, {"image": "IMAGE1"}).images[:3] == ("IMAGE1", "IMAGE2", "IMAGE10")
    assert find_columns(["id", "Bild 2", "Bild 1"]).images == ("Bild 1", "Bild 2")


def test_a_mapped_column_is_read_as_one_of_its_field_is(tmp_path: Path) -> None:
    text = 'ID,Fotoliste,Wo\n1,"img/p0.png, img/p1.png",Damen > Kleider\n'
    path = write(tmp_path / "feed.csv", text)
    (product,) = products(read_feed(path, columns={"images": "Fotoliste", "category": "Wo"}))
    assert [shot.source for shot in product.shots] == ["img/p0.png", "img/p1.png"]
    assert product.category == "Kleider"


def test_a_field_may_be_mapped_that_is_no_attribute(tmp_path: Path) -> None:
    text = "id,image,price,Aktion,note\n1,a.jpg,20,10,x\n"
    (product,) = products(read_feed(write(tmp_path / "feed.csv", text), columns={"sale_price": "Aktion"}))
    assert (product.price, product.attributes) == (10.0, {"note": "x"})


def test_a_column_twice_is_a_list_unless_it_is_a_field() -> None:
    header = ["id", "image", "additional_image_link", "additional_image_link", "price", "tag", "tag"]
    assert find_columns(header).images == ("image", "additional_image_link")
    with pytest.raises(FeedError, match="there are 2 columns 'price'"):
        find_columns([*header, "price"])


def test_the_first_stock_column_that_is_not_empty_counts(tmp_path: Path) -> None:
    text = "id,image,availability,quantity\n1,a.jpg,,0\n2,a.jpg,in stock,0\n3,a.jpg,whatever,3\n"
    found = products(read_feed(write(tmp_path / "feed.csv", text)))
    assert [product.in_stock for product in found] == [False, True, True]
    assert [len(product.remarks) for product in found] == [0, 0, 1]


def test_pieces_at_several_places(tmp_path: Path) -> None:
    text = "id,image,Inventory Available: Berlin,Inventory Available: Paris,Inventory Policy\n"
    text += "1,a.jpg,0,3,deny\n2,a.jpg,-1,0,deny\n"
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert [product.in_stock for product in products(feed)] == [True, False]


def test_what_a_shop_pays_is_no_attribute(tmp_path: Path) -> None:
    text = "id,image,Cost per item,Einkaufspreis,colour\n1,a.jpg,5,5,red\n"
    path = write(tmp_path / "feed.csv", text)
    (product,) = products(read_feed(path))
    assert product.attributes == {"colour": "red"}
    (product,) = products(read_feed(path, columns={"cost": "Cost per item"}))
    assert product.attributes == {"colour": "red", "cost": 5.0}


def test_amazons_places_in_names_do_not_count() -> None:
    header = ["contribution_sku#1.value", "item_name[marketplace_id=A1]#1.value", "main_image_url[marketplace_id=A1]#1"]
    columns = find_columns(header, {"id": header[0]})
    assert columns.images == (header[2],)


def test_the_first_pictures_of_too_many_are_used(tmp_path: Path) -> None:
    cell = "|".join(f"{i}.jpg" for i in range(65))
    (product,) = products(read_feed(write(tmp_path / "feed.csv", f"id,image\n1,{cell}\n")))
    assert len(product.shots) == 64
    assert [remark.reason for remark in product.remarks] == ["65 pictures, of which the first 64 are used"]


@pytest.mark.parametrize(
    ("column", "cell", "price"),
    [
        ("Price EUR", "19.99", (19.99, "EUR")),
        ("Variant Price USD", "19.99", (19.99, "USD")),
        ("price_sek", "199 kr", (199.0, "SEK")),
        ("Preis (€)", "19,99", (19.99, "EUR")),
        ("Price in GBP", "$5", (5.0, "USD")),
        ("price_all", "19.99", (None, "")),
    ],
)
def test_columns_of_prices_that_name_their_currency(
    tmp_path: Path, column: str, cell: str, price: tuple[float | None, str]
) -> None:
    feed = read_feed(write(tmp_path / "feed.tsv", f"id\timage\t{column}\na\ta.jpg\t{cell}\n"))
    [product] = products(feed)
    assert (product.price, product.currency) == price


def test_a_sale_price_of_nothing_is_no_sale(tmp_path: Path) -> None:
    text = "id,image,price,sale_price\na,a.jpg,10,0\nb,b.jpg,10,0.00\nc,c.jpg,10,8\n"
    assert [each.price for each in products(read_feed(write(tmp_path / "feed.csv", text)))] == [10.0, 10.0, 8.0]


def test_the_slug_is_an_id_where_there_is_no_other(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.csv", "slug,image_name,name\nred-dress,a.jpg,Red dress\n"))
    [product] = products(feed)
    assert (product.id, product.shots[0].source) == ("red-dress", "a.jpg")


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        (
            "Artikelnummer im Shop|Produktname|Produktgruppe im Shop|Preis (Brutto)|ProduktURL|BildURL_1|BildURL_2",
            "A|Rock|Damen > Röcke|1.299,00|https://x.example/a|a.jpg|b.jpg",
            ("A", "Rock", "Röcke", 1299.0, "https://x.example/a", 2),
        ),
        (
            "aw_deep_link|product_name|merchant_product_id|merchant_image_url|merchant_category|search_price",
            "https://x.example/a|Skirt|A|a.jpg|Women > Skirts|9.99",
            ("A", "Skirt", "Skirts", 9.99, "https://x.example/a", 1),
        ),
        (
            "ITEM_ID|PRODUCTNAME|CATEGORYTEXT|PRICE_VAT|URL|IMGURL|IMGURL_ALTERNATIVE",
            "A|Sukně|X.cz / Ženy / Sukně|1 290|https://x.example/a|a.jpg|b.jpg",
            ("A", "Sukně", "Sukně", 1290.0, "https://x.example/a", 2),
        ),
    ],
)
def test_feeds_of_price_comparisons(tmp_path: Path, header: str, row: str, told: tuple[object, ...]) -> None:
    [product] = products(read_feed(write(tmp_path / "feed.csv", f"{header}\n{row}\n")))
    found = (product.id, product.title, product.category, product.price, product.url, len(product.shots))
    assert found == told
