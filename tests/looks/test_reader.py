"""Reader bundles: loading, reading, frames."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from streetshop.core.errors import BundleDamaged, BundleError, BundleMissing
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.looks.reader import NO_READER, OnnxReader, WholePhotoReader, load_reader
from streetshop.models.spec import ReaderSpec
from tests.models.tiny import tiny_encoder
from tests.models.tiny_reader import BODILESS, COLOURS, PARTS, person, tiny_reader


def near(box: Box, corners: tuple[int, int, int, int], slack: float = 14) -> bool:
    return max(abs(a - b) for a, b in zip(box.corners, corners, strict=True)) <= slack


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> OnnxReader:
    return OnnxReader(tiny_reader(tmp_path_factory.mktemp("reader")), threads=1)


def test_it_reads_garments_and_the_person(reader: OnnxReader) -> None:
    look = reader.read(Photo.from_array(np.asarray(person())))
    assert (look.width, look.height, look.reader) == (400, 600, "tiny-reader 1")
    assert {g.category for g in look.garments} == {"top", "trousers", "footwear"}
    for garment in look.garments:
        assert near(garment.box, PARTS[garment.category]), garment
        assert garment.person == 0
        assert 0 < garment.score <= 1
        assert garment.mask is not None
    assert near(look.persons[0].box, (120, 40, 280, 530))
    assert len(look.persons[0].keypoints) == 17
    assert look.full_shot is False


@pytest.mark.parametrize(("step", "fit"), [(8, "stretch"), (None, "stretch"), (None, "letterbox")])
@pytest.mark.parametrize("turn", [False, True])
def test_boxes_are_right_however_a_photo_is_fitted(tmp_path: Path, step: int | None, fit: str, turn: bool) -> None:
    reader = OnnxReader(tiny_reader(tmp_path, step=step, fit=fit), threads=1)
    image = person()
    if turn:  # a wide photo: the person at the right
        wide = Image.new("RGB", (1000, 600), COLOURS["background"])
        wide.paste(image, (600, 0))
        image = wide
    found = {g.category: g.box for g in reader.read(Photo.from_array(np.asarray(image))).garments}
    shift = 600 if turn else 0
    for name in ("top", "trousers"):
        x0, y0, x1, y1 = PARTS[name]
        assert near(found[name], (x0 + shift, y0, x1 + shift, y1), 36 if turn else 14), (name, found[name])


def test_boxes_are_in_the_frame_of_the_original(reader: OnnxReader) -> None:
    stream = io.BytesIO()
    person().resize((1600, 2400)).save(stream, "JPEG", quality=95)
    photo = Photo.from_bytes(stream.getvalue(), at_least=256)
    assert photo.pixels.shape[0] < 2400
    found = {g.category: g.box for g in reader.read(photo).garments}
    assert near(found["top"], tuple(4 * v for v in PARTS["top"]), 56)


def test_an_empty_photo_has_no_garments(reader: OnnxReader) -> None:
    look = reader.read(Photo.from_array(np.full((90, 60, 3), 255, np.uint8)))
    assert look.garments == ()
    assert look.persons == ()


def test_a_reader_without_keypoints(tmp_path: Path) -> None:
    look = OnnxReader(tiny_reader(tmp_path, keypoints=False), threads=1).read(Photo.from_array(np.asarray(person())))
    assert len(look.garments) == 3
    assert look.full_shot is None
    assert look.persons[0].keypoints == ()


@pytest.mark.parametrize(("step", "fit"), [(8, "stretch"), (None, "letterbox")])
def test_a_reader_may_name_articles_as_a_whole(tmp_path: Path, step: int | None, fit: str) -> None:
    lying = Image.new("RGB", (400, 300), COLOURS["background"])
    ImageDraw.Draw(lying).rectangle((100, 60, 299, 239), fill=COLOURS["top"])
    photo = Photo.from_array(np.asarray(lying))
    before, after = (
        OnnxReader(tiny_reader(tmp_path / str(n), step=step, fit=fit, articles=n > 0, colours=BODILESS), threads=1)
        .read(photo)
        .garments[0]
        for n in (0, 1)
    )
    assert (before.category, after.category) == ("top", "trousers")
    assert after.score > 0.99
    assert near(after.box, (100, 60, 300, 240), 30)


def test_what_is_no_reader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing):
        load_reader(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="not a reader"):
        load_reader(tiny_encoder(tmp_path / "encoder"))
    damaged = tiny_reader(tmp_path / "damaged")
    (damaged / "model.onnx").write_bytes(b"x" + (damaged / "model.onnx").read_bytes()[1:])
    with pytest.raises(BundleDamaged, match="checksum"):
        load_reader(damaged)


def test_the_packaged_reader_is_loaded_unless_none_is_wanted() -> None:
    found = load_reader()
    assert isinstance(found, OnnxReader)
    assert isinstance(found.spec, ReaderSpec)
    assert found.classes[0] == "background"
    assert (found.folder / "card.md").stat().st_size > 200
    assert isinstance(load_reader(NO_READER), WholePhotoReader)
    assert isinstance(load_reader(Path("none")), WholePhotoReader)


def test_the_whole_photo_reader_takes_any_photo_as_one_garment() -> None:
    photo, reader = Photo.from_array(np.asarray(person())), WholePhotoReader()
    look = reader.read(photo)
    assert (look.reader, look.full_shot, look.view, look.persons) == (None, None, None, ())
    (garment,) = look.garments
    assert garment.category == reader.classes[1] == "garment"
    assert (garment.score, garment.mask, garment.box.corners) == (1.0, None, (0, 0, 400, 600))
    assert reader.pixel_classes(photo).shape == (600, 400)
    assert (reader.pixel_classes(photo) == 1).all()
    assert (reader.name, reader.photo_side) == (None, 0)
