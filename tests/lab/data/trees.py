"""Makes the files that data sets consist of."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

HTML = b"<!DOCTYPE html>\n<html><head><title>404</title></head><body>gone</body></html>" * 20
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


def picture(path: Path, width: int = 32, height: int = 48, exif_orientation: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (width, height), (200, 60, 60))
    if exif_orientation is None:
        image.save(path)
    else:
        exif = Image.Exif()
        exif[0x0112] = exif_orientation
        image.save(path, exif=exif)


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
