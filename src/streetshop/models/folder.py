"""A bundle on disk: read and write its spec, verify its files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from streetshop.core.errors import BundleDamaged, BundleError, BundleMissing
from streetshop.core.files import write_json
from streetshop.models.spec import AttributesSpec, DetectorSpec, EncoderSpec, FramingSpec, GroupsSpec, ReaderSpec, Spec

SPEC_FILE: Final = "bundle.json"
CARD_FILE: Final = "card.md"
SHIPPED: Final = Path(__file__).parent / "weights"
"""The bundles in the package."""
AnySpec: TypeAlias = EncoderSpec | ReaderSpec | DetectorSpec | AttributesSpec | GroupsSpec | FramingSpec
_NAMES: Final = {
    EncoderSpec: "an encoder",
    ReaderSpec: "a reader",
    DetectorSpec: "a detector",
    AttributesSpec: "a bundle of attribute heads",
    GroupsSpec: "a folder of encoders, one for each group of kinds",
    FramingSpec: "a framing head",
}
S = TypeVar("S", EncoderSpec, ReaderSpec, DetectorSpec, AttributesSpec, FramingSpec)
_SPEC: Final[TypeAdapter[AnySpec]] = TypeAdapter(Spec)


def read_spec(folder: Path) -> AnySpec:
    """Parse and validate ``bundle.json``.

    Raises:
        BundleMissing: there is none.
        BundleDamaged: it is not valid.
    """
    path = folder / SPEC_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BundleMissing(
            f"no bundle here ({error.strerror})",
            where=str(path),
            hint="Give the folder that `streetshop lab export` wrote",
        ) from None
    except UnicodeDecodeError:
        raise BundleDamaged("not UTF-8 text", where=str(path), hint="Export the bundle again") from None
    try:
        return _SPEC.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise BundleDamaged(
            f"{place}: {first['msg']}", where=str(path), hint="Export the bundle again, or mend this field"
        ) from None


def open_bundle(folder: Path, kind: type[S]) -> S:
    """Read the spec of a bundle of one kind and verify its files.

    Args:
        folder: of the bundle.
        kind: ``EncoderSpec``, ``ReaderSpec``, ``DetectorSpec``, ``AttributesSpec`` or ``FramingSpec``.

    Raises:
        BundleError: the bundle is missing, damaged or of another kind.
    """
    spec = read_spec(folder)
    if not isinstance(spec, kind):
        found, wanted = _NAMES[type(spec)], _NAMES[kind]
        raise BundleError(f"this is {found}, not {wanted}", where=str(folder), hint=f"Give the folder of {wanted}")
    verify_files(folder, spec)
    return spec


def write_spec(folder: Path, spec: AnySpec) -> None:
    """Write ``bundle.json``."""
    write_json(folder / SPEC_FILE, spec.model_dump(mode="json"))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_files(folder: Path, spec: EncoderSpec | ReaderSpec | DetectorSpec | AttributesSpec | FramingSpec) -> None:
    """Compare every file with its checksum.

    Raises:
        BundleMissing: a file is missing.
        BundleDamaged: a file does not match its checksum, or is outside the bundle.
    """
    for name, expected in spec.files.items():
        if Path(name).name != name:
            raise BundleDamaged(f"file name {name!r} leaves the bundle", where=str(folder / SPEC_FILE))
        path = folder / name
        if not path.is_file():
            raise BundleMissing(f"the file {name} is missing", where=str(folder), hint="Copy the whole folder again")
        if file_sha256(path) != expected:
            raise BundleDamaged(
                "the file does not match its checksum", where=str(path), hint="Copy or export the bundle again"
            )
