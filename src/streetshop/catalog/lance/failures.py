"""Failures of LanceDB and of the operating system as typed errors."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streetshop.core.errors import CatalogDamaged, CatalogDiskFull, CatalogError, StreetshopError


@contextmanager
def typed_errors(root: Path, doing: str) -> Iterator[None]:
    """Convert what the body raises to a CatalogError.

    Args:
        root: the catalog, for the message.
        doing: what the body does, as in ``"opening the catalog"``.

    Raises:
        CatalogDiskFull: no space left.
        CatalogDamaged: anything else that points to a corrupt file.
        CatalogError: missing permissions, or a path that cannot be a folder.
    """
    try:
        yield
    except (StreetshopError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except (RuntimeError, OSError, ValueError, LookupError) as error:
        raise _typed(error, root, doing) from error
    except BaseException as error:
        # A corrupt file can make LanceDB's Rust code panic, which arrives as a BaseException of its own.
        if type(error).__name__ == "PanicException":
            raise _typed(error, root, doing) from error
        raise


def _typed(error: BaseException, root: Path, doing: str) -> CatalogError:
    text = str(error)
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT) or re.search(r"No space left|StorageFull|os error (28|122)\b", text):
        return CatalogDiskFull(
            f"no space left on the disk while {doing}",
            where=str(root),
            hint="Free some space and run it again; everything written before is kept",
        )
    if number == errno.EFBIG or re.search(r"File too large|os error 27\b", text):
        return CatalogDiskFull(
            f"a file may not grow any further while {doing}",
            where=str(root),
            hint="Raise the limit of file sizes (ulimit -f) and run it again; everything written before is kept",
        )
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or re.search(r"Permission denied|Read-only file", text):
        return CatalogError(f"not allowed while {doing}", where=str(root), hint="Check the folder's owner and mode")
    if number == errno.EIO or re.search(r"Input/output error|os error 5\b", text):
        return CatalogError(
            f"the disk failed while {doing}",
            where=str(root),
            hint="What was acknowledged is kept. Check the disk, run it again, then `streetshop catalog verify`",
        )
    if number in (errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP):
        return CatalogError(
            f"this path cannot be used ({os.strerror(number)})", where=str(root), hint="Give another folder"
        )
    short = " ".join(text.split())
    return CatalogDamaged(
        f"failed while {doing}: {short[:300]}",
        where=str(root),
        hint="Run `streetshop catalog verify`; restore a snapshot or index the feed again with --rebuild",
    )
