"""Photos are read once, ranked, and chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import UsageError
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.lab.annotate.suggest import rank, read_looks, suggest
from streetshop.looks.reader import WholePhotoReader
from streetshop.models import load_encoder


class Counting(WholePhotoReader):
    """As unsure of a photo as its pixels are bright."""

    name = "counting 1"  # type: ignore[assignment]

    def __init__(self) -> None:
        self.read_photos = 0

    def read(self, photo: Photo) -> Look:
        self.read_photos += 1
        doubt = float(photo.pixels.mean()) / 510
        box = Box(0, 0, photo.width, photo.height)
        kinds = {"top": 1 - doubt, "dress": doubt}
        return Look(photo.width, photo.height, (Garment("top", 0.9, box, box.center, kinds=kinds),), (), self.name)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = []
    for i in range(6):
        path = tmp_path / "photos" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((64, 64, 3), 40 * i, np.uint8)).save(path)
        paths.append(path)
    return paths


def test_the_most_uncertain_first(photos: list[Path], tmp_path: Path) -> None:
    root = tmp_path / "photos"
    looks = read_looks(photos, root, Counting(), tmp_path / "looks.jsonl")
    chosen = suggest([looks], root, 2)
    assert [one.name for one in chosen] == ["5.png", "4.png"]
    assert chosen[0].uncertainty > chosen[1].uncertainty > 0


def test_an_interrupted_reading_goes_on(photos: list[Path], tmp_path: Path) -> None:
    root, kept = tmp_path / "photos", tmp_path / "looks.jsonl"
    reader = Counting()

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_looks(photos, root, reader, kept, progress=stop)
    kept.write_text(kept.read_text() + '["4.png", "coun')  # the process died within a line
    looks = read_looks(photos, root, reader, kept)
    assert reader.read_photos == 6
    assert looks == read_looks(photos, root, Counting(), kept)
    assert looks["2.png"].garments[0].box == Box(0, 0, 64, 64)


def test_looks_of_another_reader_are_not_taken(photos: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "looks.jsonl"
    read_looks(photos, tmp_path / "photos", Counting(), kept)
    other = Counting()
    other.name = "counting 2"  # type: ignore[misc]
    read_looks(photos, tmp_path / "photos", other, kept)
    assert other.read_photos == 6


def test_unreadable_photos_are_said_and_left_out(photos: list[Path], tmp_path: Path) -> None:
    photos[2].write_bytes(b"no picture")
    refused: dict[str, str] = {}
    looks = read_looks(photos, tmp_path / "photos", Counting(), tmp_path / "l", refuse=refused.__setitem__)
    assert list(refused) == ["2.png"]
    assert "2.png" not in looks


def test_ranks(photos: list[Path], tmp_path: Path) -> None:
    looks = read_looks(photos, tmp_path / "photos", Counting(), tmp_path / "l")
    assert set(rank([looks, looks], "committee").values()) == {0}
    assert rank([looks], "random", seed=1) == rank([looks], "random", seed=1) != rank([looks], "random", seed=2)
    with pytest.raises(UsageError, match="two members"):
        rank([looks], "committee")


def test_equal_photos_are_not_all_chosen(photos: list[Path], tmp_path: Path) -> None:
    for path in photos[3:]:
        Image.fromarray(np.full((64, 64, 3), 250, np.uint8)).save(path)
    root = tmp_path / "photos"
    looks = read_looks(photos, root, Counting(), tmp_path / "l")
    chosen = suggest([looks], root, 2, encoder=load_encoder(), pool=3)
    assert len({one.name for one in chosen} & {"3.png", "4.png", "5.png"}) == 1


def test_nothing_left_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no photo is left"):
        suggest([{}], tmp_path, 2)
