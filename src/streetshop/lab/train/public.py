"""The public data sets that readers and encoders are trained on, and the labels that are made for them once."""

from __future__ import annotations

import hashlib
import subprocess
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streetshop.core.errors import DatasetError, RunError, UsageError
from streetshop.lab.core.files import made
from streetshop.lab.core.progress import say
from streetshop.lab.data import teacher

TEACHER: Final = "mediapipe==0.10.21"


@dataclass(frozen=True)
class PublicSets:
    """Clothing Co-Parsing and the Clothing dataset.

    Attributes:
        data: the folder of both, ``ccp`` and ``clothing``.
        cache: keypoints, cut-outs and made pairs; filled by :meth:`label` and by the encoder's task.
    """

    data: Path
    cache: Path

    def check(self, *, clothing: bool) -> None:
        """See that the sets are there.

        Raises:
            DatasetError, UsageError: a folder is missing, or ``data`` is a file.
        """
        if self.data.is_file():
            raise UsageError(
                "is a file; this kind of recipe learns from the folder of the public sets, not from a manifest",
                where=str(self.data),
                hint="docs/reader.md and docs/encoder.md show how",
            )
        _check_folder(self.ccp / "photos")
        if clothing:
            self.check_clothing()

    def check_clothing(self) -> None:
        """See that the Clothing dataset is there.

        Raises:
            DatasetError: the folder is missing.
        """
        _check_folder(self.clothing / "images")

    @property
    def ccp(self) -> Path:
        """Root of Clothing Co-Parsing."""
        return self.data / "ccp"

    @property
    def clothing(self) -> Path:
        """Root of the Clothing dataset."""
        return self.data / "clothing"

    @property
    def keypoints(self) -> Path:
        """Keypoints of the photos of Clothing Co-Parsing."""
        return self.cache / "keypoints.json"

    @property
    def clothing_keypoints(self) -> Path:
        """Keypoints of the photos of the Clothing dataset."""
        return self.cache / "clothing-keypoints.json"

    @property
    def cutouts(self) -> Path:
        """Masks of the garments of the Clothing dataset."""
        return self.cache / "cutouts"

    @property
    def pairs(self) -> Path:
        """Pairs made from Clothing Co-Parsing."""
        return self.cache / "pairs"

    def label(self, *, keypoints: bool, clothing: bool) -> None:
        """Let the teacher (:mod:`~streetshop.lab.data.teacher`) make the labels that are missing.

        It runs in a virtual environment of its own in the cache, because its numpy is older than the lab's.

        Raises:
            RunError: the teacher cannot be installed, or fails.
        """
        self.cache.mkdir(parents=True, exist_ok=True)
        if keypoints:
            made(self.keypoints, lambda out: self._teach("keypoints", self.ccp / "photos", out))
        if clothing:
            images = self.clothing / "images"
            made(self.cutouts, lambda out: self._teach("cutouts", images, out))
            if keypoints:
                made(self.clothing_keypoints, lambda out: self._teach("keypoints", images, out))

    def _teach(self, what: str, pictures: Path, out: Path) -> None:
        folder = made(self.cache / "teacher", _install)
        _run(folder, teacher.__file__, what, str(pictures), "--out", str(out), hint="See its messages above")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise DatasetError(
            "there is no such folder",
            where=str(folder),
            hint="Give the folder that holds Clothing Co-Parsing as ccp and the Clothing dataset as clothing",
        )


def fingerprint(folders: Sequence[Path]) -> str:
    """A hash of the names and sizes of the files in some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*")):
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


def _install(folder: Path) -> None:
    say(f"installing {TEACHER} in a virtual environment")
    venv.create(folder, with_pip=True, clear=True)
    pip = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", TEACHER)
    _run(folder, *pip, hint="It exists for Python 3.9 to 3.12; the lab needs it for labels alone")


def _run(folder: Path, *arguments: str, hint: str) -> None:
    """Python of a virtual environment; what it says is shown on stderr."""
    python = folder / "bin" / "python"
    # The Python of an environment that _install made, with arguments of this module.
    code = subprocess.run([python, *arguments], stdout=2, check=False).returncode  # noqa: S603
    if code:
        raise RunError(f"{' '.join(arguments[:3])} ended with exit code {code}", where=str(python), hint=hint)
