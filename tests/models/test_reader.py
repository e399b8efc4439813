"""The network of a reader bundle."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import BundleDamaged
from streetshop.core.photo import Photo
from streetshop.models.reader import RASTER_STEP, ReaderNetwork
from streetshop.models.spec import ReaderSpec
from tests.models.tiny_reader import COLOURS, PARTS, person, tiny_reader


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> ReaderNetwork:
    return ReaderNetwork(tiny_reader(tmp_path_factory.mktemp("reader")), threads=1)


def test_it_says_what_each_pixel_is(reader: ReaderNetwork) -> None:
    assert isinstance(reader.spec, ReaderSpec)
    assert (reader.name, reader.classes) == ("tiny-reader 1", tuple(COLOURS))
    reading = reader.see(Photo.from_array(np.asarray(person())))
    assert (reading.width, reading.height, reading.articles) == (400, 600, None)
    assert reading.probabilities.shape == (5, 96 // RASTER_STEP, 64 // RASTER_STEP)
    np.testing.assert_allclose(reading.probabilities.sum(axis=0), 1, atol=1e-5)
    assert reading.heat is not None
    assert reading.heat.shape == (17, 24, 16)
    assert reading.heat.min() >= 0
    assert reading.heat.max() <= 1
    small = np.asarray(person().resize((32, 48), Image.Resampling.BOX), np.float32)
    expected = [np.square(small - np.asarray(colour)).sum(axis=2) for colour in COLOURS.values()]
    assert (reading.probabilities.argmax(axis=0) == np.argmin(expected, axis=0)).mean() > 0.95


@pytest.mark.parametrize("articles", [False, True])
def test_a_letterboxed_photo_is_cut_out_of_the_rasters(tmp_path: Path, articles: bool) -> None:
    network = ReaderNetwork(tiny_reader(tmp_path, step=None, fit="letterbox", articles=articles), threads=1)
    reading = network.see(Photo.from_array(np.full((200, 300, 3), COLOURS["top"], np.uint8)))
    assert reading.probabilities.shape == (5, 21, 32), "64 x 43 of 64 x 96 input pixels"
    # The outermost rows touch the grey of the padding.
    assert (reading.probabilities[:, 2:-2].argmax(axis=0) == network.classes.index("top")).all()
    assert reading.heat is not None
    assert reading.heat.shape == (17, 11, 16)
    assert (reading.articles is None) != articles


def test_a_network_may_give_probabilities_in_place_of_logits(tmp_path: Path, reader: ReaderNetwork) -> None:
    other = ReaderNetwork(tiny_reader(tmp_path, probabilities=True), threads=1)
    photo = Photo.from_array(np.asarray(person()))
    got, want = other.see(photo).probabilities, reader.see(photo).probabilities
    np.testing.assert_allclose(got.sum(axis=0), 1, atol=1e-5)
    # The tiny network is read at twice its size: means of probabilities differ from those of logits at borders alone.
    assert np.abs(got - want).mean() < 0.05
    assert (got.argmax(axis=0) == want.argmax(axis=0)).mean() > 0.95


def test_every_pixel_has_a_class(reader: ReaderNetwork) -> None:
    stream = io.BytesIO()
    person().resize((1600, 2400)).save(stream, "JPEG", quality=95)
    classes = reader.pixel_classes(Photo.from_bytes(stream.getvalue(), at_least=256))
    assert classes.shape == (2400, 1600)
    assert classes.dtype == np.uint8
    for name, (x0, y0, x1, y1) in PARTS.items():
        inside = classes[4 * y0 + 60 : 4 * y1 - 60, 4 * x0 + 60 : 4 * x1 - 60]
        assert inside.size == 0 or (inside == reader.classes.index(name)).mean() > 0.9, name
    assert classes[0, 0] == 0


def test_a_network_without_the_articles_that_its_spec_promises_is_refused(tmp_path: Path) -> None:
    folder = tiny_reader(tmp_path)
    spec = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**spec, "articles": True}))
    with pytest.raises(BundleDamaged, match="no output articles"):
        ReaderNetwork(folder, threads=1)


def test_a_network_that_does_not_fit_its_spec_is_refused(tmp_path: Path) -> None:
    folder = tiny_reader(tmp_path)
    spec = json.loads((folder / "bundle.json").read_text())
    spec["classes"].append("hat")
    (folder / "bundle.json").write_text(json.dumps(spec))
    with pytest.raises(BundleDamaged, match="shape"):
        ReaderNetwork(folder, threads=1).see(Photo.from_array(np.asarray(person())))
