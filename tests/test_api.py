"""What ``import streetshop`` offers, on a small real catalog."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import streetshop
from streetshop.core import errors
from tests.catalog.filled import COLOURS, filled_catalog, square
from tests.conftest import ROOT

HEAVY = ("numpy", "PIL", "lancedb", "pyarrow", "onnxruntime", "pydantic", "fastapi", "torch", "rich", "jinja2")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Folder with ``shop.catalog``, its ``encoder``, and the photo ``blue.png``."""
    store, _ = filled_catalog(tmp_path)
    store.close()
    Image.fromarray(square("blue", "checks")).save(tmp_path / "blue.png")
    return tmp_path


@pytest.fixture
def catalog(shop: Path) -> Iterator[streetshop.Catalog]:
    with streetshop.open(shop / "shop.catalog", encoder=shop / "encoder", reader="none") as opened:
        yield opened


def test_importing_it_is_quick_and_loads_nothing_heavy() -> None:
    code = "import sys, time; t = time.process_time(); import streetshop; t = time.process_time() - t\n"
    code += f"print(t, [name for name in {HEAVY!r} if name in sys.modules])"
    seconds, _, heavy = min(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.partition(" ")
        for _ in range(3)
    )
    assert heavy.strip() == "[]"
    assert float(seconds) < 0.1, "seconds of processor time, as other tests may run beside this one"


def test_every_name_is_there_and_documented() -> None:
    assert set(streetshop.__all__) <= set(dir(streetshop))
    for name in streetshop.__all__:
        assert getattr(streetshop, name) is not None
        if name != "Picture":
            assert getattr(streetshop, name).__doc__, name
    with pytest.raises(AttributeError, match="nonsense"):
        streetshop.nonsense  # noqa: B018


def test_the_five_lines(shop: Path, catalog: streetshop.Catalog) -> None:
    look = streetshop.look(shop / "blue.png", reader="none")
    answer = catalog.search(shop / "blue.png", k=12, where="price < 50", weights={"colour": 3})
    assert repr(look) == "<PhotoLook of blue.png: 1 garment (garment)>"
    assert answer[0].matches[0].product.id == "blue-checks"
    assert all(match.product.price < 50 for match in answer[0].matches)
    assert answer.to_dict()["weights"] == {"style": 1.0, "colour": 3}
    assert answer.to_dict()["photo"] == {"width": 64, "height": 64}
    page = answer._repr_html_()
    assert page.count("<img") == 2 + len(answer[0].matches)
    assert len(page) < 2e6


def test_photos_of_every_sort_give_the_same_answer(shop: Path, catalog: streetshop.Catalog) -> None:
    pixels = square("blue", "checks")
    data = (shop / "blue.png").read_bytes()
    see_through = Image.fromarray(pixels).convert("RGBA")
    sorts = [str(shop / "blue.png"), shop / "blue.png", data, Image.open(io.BytesIO(data)), pixels, see_through]
    sorts.append(streetshop.Photo.from_array(pixels))
    answers = [catalog.search(picture, k=3).to_dict() for picture in sorts]
    assert all(answer == answers[0] for answer in answers)
    with pytest.raises(errors.PhotoFormatUnsupported, match="a float is no picture"):
        catalog.search(1.5)


def test_an_image_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("L", (64, 32))
    stream = io.BytesIO()
    image.save(stream, "JPEG", exif=exif)
    look = streetshop.look(Image.open(stream), reader="none").look
    assert (look.width, look.height) == (32, 64)


def test_boxes_and_a_product_left_out(catalog: streetshop.Catalog) -> None:
    scene = np.full((128, 128, 3), 128, np.uint8)
    scene[:64, :64], scene[64:, 64:] = square("red"), square("green")
    boxed = catalog.search(scene, k=1, boxes=[(2, 2, 62, 62), streetshop.Box(66, 66, 126, 126)])
    assert [found.matches[0].product.id for found in boxed] == ["red-plain", "green-plain"]
    assert catalog.search(square("red"), k=1, without="red-plain")[0].matches[0].product.id != "red-plain"


def test_several_photos_of_one_garment(shop: Path, catalog: streetshop.Catalog) -> None:
    answer = catalog.search([shop / "blue.png", square("blue", "checks")], one_garment=True, k=2)
    (found,) = answer
    assert found.matches[0].product.id == "blue-checks"
    assert [view.name for view in found.views] == ["blue.png", "photo 2"]
    assert answer.name == "blue.png, photo 2"
    assert len(answer.to_dict()["garments"][0]["views"]) == 2
    preset = catalog.search(shop / "blue.png", weights="same colour")
    assert preset.answer.weights == {"style": 0.6, "colour": 0.9}
    for pictures, asked, message in (
        ([shop / "blue.png"] * 2, {}, "one_garment=True"),
        (shop / "blue.png", {"one_garment": True}, "1 photo of one garment"),
        ([square("red")] * 50, {"one_garment": True}, "50 photos"),
        ([square("red")] * 2, {"one_garment": True, "boxes": [(0, 0, 9, 9)]}, "box"),
        ([square("red"), b"no picture"], {"one_garment": True}, "photo 2"),
        (shop / "blue.png", {"one_garment": 1}, "one_garment"),
        (shop / "blue.png", {"weights": "same sleeve"}, "same pattern"),
    ):
        with pytest.raises(streetshop.StreetshopError, match=message):
            catalog.search(pictures, **asked)


def test_words_alone_and_a_heat_map(catalog: streetshop.Catalog) -> None:
    assert [match.product.id for match in catalog.find("Blue stripes", k=1)] == ["blue-stripes"]
    with pytest.raises(errors.RequestInvalid, match="twice"):
        catalog.find("blue", text="red")
    with Image.open(io.BytesIO(catalog.heatmap(square("red"), "red-plain", box=(0, 0, 40, 60)))) as image:
        assert image.format == "PNG"
    with pytest.raises(errors.ProductMissing):
        catalog.heatmap(square("red"), "none")


def test_similar_and_search_by_vector(catalog: streetshop.Catalog, shop: Path) -> None:
    like = catalog.similar("red-plain", k=3, weights={"style": 0})
    assert {match.product.attributes["colour"] for match in like[:2]} == {"red"}
    assert "red-plain" not in [match.product.id for match in like]
    (vector,) = streetshop.embed(square("blue", "checks"), raw=True, encoder=shop / "encoder", reader="none")
    assert catalog.search_vector(vector, k=1)[0].product.id == "blue-checks"
    with pytest.raises(errors.VectorError):
        catalog.search_vector(vector[:5])


def test_products_come_and_go(catalog: streetshop.Catalog, shop: Path) -> None:
    assert len(catalog) == 18
    assert "red-plain" in catalog
    assert catalog["red-plain"].title == "Red plain"
    assert set(catalog) == {f"{colour}-{pattern}" for colour in COLOURS for pattern in ("plain", "stripes", "checks")}
    new = catalog.upsert({"id": "new", "title": "Blue", "price": 5.0}, [shop / "blue.png", square("blue")])
    assert new.shots[0].source == str(shop / "blue.png")
    assert catalog.search(shop / "blue.png", k=1, where="price = 5")[0].matches[0].product == new
    cheaper = catalog.upsert(streetshop.Product("new", title="Blue", price=4.0))
    assert (cheaper.price, cheaper.shots) == (4.0, new.shots)
    assert catalog.thumbnail("new", 1)[:2] == b"\xff\xd8"
    assert catalog.delete("new", "nobody") == 1
    assert catalog.get("new") is None
    with pytest.raises(errors.ProductMissing):
        catalog["new"]
    with pytest.raises(errors.RequestInvalid, match="needs a picture"):
        catalog.upsert({"id": "bare"})
    with pytest.raises(errors.UsageError, match="no field colour"):
        catalog.upsert({"id": "1", "colour": "red"})
    with pytest.raises(errors.RecordError):
        catalog.upsert({"id": "1", "price": -1}, shop / "blue.png")


def test_info(catalog: streetshop.Catalog) -> None:
    info = catalog.info()
    assert (info["products"], info["shots"], info["fields"]["price"]) == (18, 36, "number")
    assert repr(catalog) == f"<Catalog {catalog.url}: 18 products, encoder tiny 1>"


def test_index_a_feed(shop: Path, catalog: streetshop.Catalog) -> None:
    Image.fromarray(square("white", "stripes")).save(shop / "w.png")
    (shop / "feed.csv").write_text("id,title,price,image_link\nw,White,9 EUR,w.png\nbad,Bad,9 EUR,nowhere.png\n")
    seen = []
    models = {"encoder": shop / "encoder", "reader": "none"}
    report = streetshop.index(shop / "feed.csv", shop / "new.catalog", progress=seen.append, **models)
    assert (report.products, report.ingest.added, report.ingest.refused) == (1, 1, 1)
    assert seen
    with streetshop.open(shop / "new.catalog", **models) as made:
        assert list(made) == ["w"]
    assert catalog.index(shop / "feed.csv").products == 19
    assert "w" in catalog


def test_embed_several(shop: Path) -> None:
    models = {"encoder": shop / "encoder", "reader": "none"}
    pictures = [square(colour) for colour in COLOURS] * 2
    vectors = streetshop.embed(pictures, **models)
    assert vectors.shape == (12, 126)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(12), abs=1e-5)
    assert streetshop.embed([], **models).shape == (0, 126)
    only_colour = streetshop.embed(pictures[:1], weights={"style": 0}, **models)
    assert not only_colour[0, :32].any()
    with pytest.raises(errors.UsageError):
        streetshop.embed(pictures, raw=True, weights={"style": 1}, **models)


def test_errors_say_what_to_do(shop: Path, catalog: streetshop.Catalog) -> None:
    with pytest.raises(errors.CatalogMissing):
        streetshop.open(shop / "nowhere")
    with pytest.raises(errors.CatalogEncoderMismatch, match="--rebuild"):
        streetshop.open(shop / "shop.catalog")
    with pytest.raises(streetshop.StreetshopError, match="no such file"):
        catalog.search(shop / "none.jpg")
    with pytest.raises(errors.FilterError):
        catalog.search(square("red"), where="price <")
    with pytest.raises(errors.RequestInvalid, match="Ask for 1 to 200"):
        catalog.search(square("red"), k=0)


def test_values_of_another_type_are_refused(shop: Path, catalog: streetshop.Catalog) -> None:
    photo, pixels = shop / "blue.png", square("red")
    for asked in ({"k": 1.5}, {"where": 5}, {"weights": 5}, {"garment": "0"}, {"boxes": 5}, {"boxes": (0, 0, 9, 9)}):
        with pytest.raises(streetshop.StreetshopError):
            catalog.search(photo, **asked)
    for call in (
        lambda: catalog[5],
        lambda: catalog.similar(5),
        lambda: catalog.similar("red-plain", shot="0"),
        lambda: catalog.thumbnail("red-plain", "0"),
        lambda: catalog.delete(["red-plain"]),
        lambda: catalog.upsert(None, photo),
        lambda: catalog.upsert([("id", "new")], photo),
        lambda: catalog.upsert({"id": "new"}, None),
        lambda: catalog.upsert({"id": "new", "title": 5}, photo),
        lambda: catalog.upsert({"id": "new", "attributes": {"sizes": ["S"]}}, photo),
        lambda: streetshop.embed(None, encoder=shop / "encoder", reader="none"),
        lambda: streetshop.embed(5, encoder=shop / "encoder", reader="none"),
        lambda: streetshop.open(shop / "shop.catalog", encoder=shop / "encoder", threads=-1),
    ):
        with pytest.raises(streetshop.StreetshopError):
            call()
    assert "red-plain" in catalog
    assert "new" not in catalog
    with pytest.raises(errors.PhotoError, match=r"pictures\[1\]"):
        streetshop.embed([pixels, b"no picture"], encoder=shop / "encoder", reader="none")
    for catalog_path in (None, 5):
        with pytest.raises(TypeError, match="PathLike"):
            streetshop.open(catalog_path)
        with pytest.raises(TypeError, match="PathLike"):
            streetshop.index(photo.parent, catalog_path, encoder=shop / "encoder", reader="none")


def test_an_answer_outlives_its_catalog(shop: Path) -> None:
    with streetshop.open(shop / "shop.catalog", encoder=shop / "encoder", reader="none") as opened:
        answer = opened.search(shop / "blue.png", k=2)
    assert "blue-checks" in str(answer.to_dict())
    assert "Blue checks" in answer._repr_html_()


def test_the_blocks_of_the_guide_run(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "python.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    (tmp_path / "pictures").mkdir()
    rows = ["id,title,category,price,image_link"]
    for i, colour in enumerate(COLOURS):
        Image.fromarray(square(colour, "stripes", side=240)).save(tmp_path / "pictures" / f"{colour}.jpg")
        rows.append(f"{i},{colour} dress,dress,{10 * i + 5} EUR,pictures/{colour}.jpg")
    (tmp_path / "feed.csv").write_text("\n".join(rows))
    for photo, side in (("photo.jpg", 300), ("back.jpg", 260)):
        Image.fromarray(square("blue", "checks", side=side)).save(tmp_path / photo)
    script = tmp_path / "guide.py"
    script.write_text("\n".join([*blocks, "print(repr(answer))"]))
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] in (ROOT / "docs" / "python.md").read_text()


@pytest.mark.timeout(120)
def test_a_type_checker_knows_the_names(tmp_path: Path) -> None:
    source = tmp_path / "user.py"
    source.write_text(
        "import streetshop\n"
        'catalog = streetshop.open("shop.catalog")\n'
        'reveal_type(catalog.search("photo.jpg")[0].matches[0].product.price)\n'
    )
    from mypy import api

    out, _, _ = api.run([str(source), "--config-file=", "--follow-imports=silent", "--ignore-missing-imports"])
    assert 'Revealed type is "float | None"' in out or "Union[builtins.float, None]" in out, out
