"""A full disk, a full or closed output: every command ends with one message, and leaves no part of a file."""

from __future__ import annotations

import ast
import compileall
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.catalog.shop import write_feed
from tests.cli.running import call

SOURCE = Path(__file__).parents[2] / "src" / "streetshop"

# Every place that writes a file without core/files.py or core/tables.py, and why.
RAW_WRITES = {
    "catalog/lance/sealed.py": "inside atomic_folder",
    "catalog/lance/snapshot.py": "inside atomic_folder",
    "core/files.py": "the writers themselves",
    "feeds/spool.py": "a temporary file; a failure is an error of the feed",
    "indexing/fetch.py": "a temporary file; a failure is an error of the address",
    "indexing/sync.py": "a temporary file",
    "core/tables.py": "the writer of CSV files, inside writing()",
    "lab/core/files.py": "a line of a log at a time",
    "lab/curate/store.py": "features, appended and synchronised",
    "lab/data/pictures.py": "a cache, in memory maps",
    "lab/data/teacher.py": "a script for another environment, without streetshop",
    "lab/export/bundle.py": "inside atomic_folder",
    "lab/nets/onnx_files.py": "inside atomic_folder",
    "lab/train/tasks/encoder/features.py": "a cache, renamed when it is complete",
    "studio/truth.py": "to the path that studio/files.py gives",
}
WRITERS = {"write_text", "write_bytes", "imwrite", "tofile", "write_feather", "to_csv", "to_parquet"}
ON_PARTIAL = ("partial", "file", "stream", "sink", "array", "writer")
"""Names of what core/files.py gives to write to, and of files that were opened with one of them."""


def raw_writes(tree: ast.AST) -> list[int]:
    """Lines that write to a path of their own."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, owner = node.func.attr, node.func.value
        target = owner if name in ("write_text", "write_bytes", "open") else node.args[0] if node.args else owner
        if any(isinstance(each, ast.Name) and each.id in ON_PARTIAL for each in (target, owner, *node.args)):
            continue
        module = owner.id if isinstance(owner, ast.Name) else ""
        mode = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        opened = name == "open" and any(isinstance(m, str) and set(m) & set("wax+") and len(m) < 4 for m in mode)
        saved = (name == "save" and module in ("np", "torch", "onnx")) or (name == "savez") or (name == "write_table")
        pictured = name == "save" and not module and isinstance(target, ast.BinOp | ast.JoinedStr | ast.Attribute)
        if opened or saved or pictured or name in WRITERS:
            found.append(node.lineno)
    return found


def test_files_are_written_in_one_place() -> None:
    found = {}
    for path in SOURCE.rglob("*.py"):
        if lines := raw_writes(ast.parse(path.read_text(encoding="utf-8"))):
            found[str(path.relative_to(SOURCE))] = lines
    extra = {name: lines for name, lines in found.items() if name not in RAW_WRITES}
    assert extra == {}, "write through output_file() of core/files.py"


@pytest.fixture(scope="module", autouse=True)
def byte_code() -> None:
    """Under the limit Python would write parts of byte code, and not notice."""
    compileall.compile_dir(SOURCE, quiet=2)


def limited(*arguments: object, size: int, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command with no file larger than ``size`` bytes, which is how a full disk looks from inside."""

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-m", "streetshop", *map(str, arguments)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, preexec_fn=limit, timeout=200, env=environment
    )


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (("look", "noise.png", "--out", "out"), "out/noise.look.png"),
        (("look", "noise.png", "--no-overlay", "--masks", "out"), "out/"),
        (("embed", "noise.png", "--out", "out/v.parquet"), "out/v.parquet"),
        (
            ("search", "noise.png", "--catalog", "shop.catalog", "--html", "out/sheet.html"),
            "out/sheet.html",
        ),
        (("lab", "data", "feed", "feed.csv", "--out", "out/m.parquet"), "out/m.parquet"),
        (("studio", "catalog", "--out", "out/shop", "--products", "2", "--workers", "1"), "out/shop"),
    ],
)
def test_a_full_disk_is_one_message_and_no_partial_file(
    shop: Path, tmp_path: Path, arguments: tuple[str, ...], written: str
) -> None:
    for name in ("encoder", "shop.catalog"):
        (tmp_path / name).symlink_to(shop / name)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)).save(
        tmp_path / "noise.png"
    )
    write_feed(tmp_path / "feed.csv", [{"id": str(i), "item_group_id": "d", "image": "noise.png"} for i in range(50)])
    models = ("--encoder", "encoder") if arguments[0] in ("embed", "search", "index") else ()
    models = (*models, "--reader", "none") if arguments[0] in ("embed", "search", "index", "look") else ()
    done = limited(*arguments, *models, size=0 if written == "out/" else 600, cwd=tmp_path)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert written in last
    assert "File too large" in last or "no space left" in last
    left = [path for path in tmp_path.rglob("*") if path.is_file() and (".part" in path.name or "out" in path.parts)]
    assert [path for path in left if path.name not in (".streetshop-studio.json", "studio.json")] == []


@pytest.mark.parametrize("command", [("index",), ("lab", "data", "feed")])
def test_a_list_of_refused_rows_that_cannot_be_written(shop: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    write_feed(tmp_path / "bad.csv", [{"id": "", "image": "a.png"}, {"id": "1", "image": "a.png"}])
    Image.new("RGB", (300, 300)).save(tmp_path / "a.png")
    options = ("--catalog", tmp_path / "c", "--encoder", shop / "encoder") if command == ("index",) else ()
    ran = call(*command, "bad.csv", *options, "--refused", "/dev/full", cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.strip().splitlines()[-1].startswith("error: /dev/full: cannot be written (No space left on device)")


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("catalog", "info", "shop.catalog", "--json")])
def test_an_output_that_is_full_or_closed_fails_without_a_traceback(shop: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "streetshop", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=shop, timeout=100)
    assert done.returncode == 2
    assert done.stderr.startswith("error: writing failed (No space left on device)")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=shop) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode not in (0, 2)
