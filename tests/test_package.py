"""What must hold for the package as a whole."""

from __future__ import annotations

import ast
import importlib.metadata
import io
import json
import subprocess
import sys
import tokenize
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import streetshop
from tests.conftest import ROOT

SOURCE, TESTS = ROOT / "src" / "streetshop", ROOT / "tests"
PYTHON = sorted(path for folder in ("src", "tests", "benchmarks", ".ci") for path in (ROOT / folder).rglob("*.py"))
SERVING = sorted(p for p in SOURCE.rglob("*.py") if "lab" not in p.relative_to(SOURCE).parts)
LAB_ONLY = {
    "torch",
    "torchvision",
    "timm",
    "sklearn",
    "scipy",
    "pytorch_metric_learning",
    "umap",
    "onnx",
    "safetensors",
    "cv2",
    "ray",
    "transformers",
    "faster_coco_eval",
}

LOGIC = 30
"""A module with more lines of code has a test file of its name: ``a/b.py`` has ``tests/a/test_b.py``."""

COVERED_ELSEWHERE: dict[str, str] = {
    "__init__.py": "test_api.py",
    "catalog/filters/tree.py": "catalog/filters/test_printer.py",
    "core/pictures/inspect.py": "core/pictures/test_decode.py",
    "feeds/presets/plain.py": "feeds/presets/test_choose.py",
    "lab/core/devices.py": "lab/train/test_distributed.py",
    "lab/curate/cards.py": "lab/curate/test_pairs.py",
    "lab/data/garment_views.py": "lab/data/test_made_pairs.py",
    "lab/data/registry.py": "lab/data/test_intake.py",
    "lab/data/teacher.py": "lab/train/test_public.py",
    "lab/export/run.py": "cli/test_lab_train.py",
    "lab/export/untrained.py": "cli/test_lab_train.py",
    "lab/losses/classes.py": "lab/losses/test_losses.py",
    "lab/losses/triplet.py": "lab/losses/test_losses.py",
    "lab/nets/detect/detector.py": "lab/nets/detect/test_mask_rcnn.py",
    "lab/nets/encoder.py": "lab/nets/test_pooling_and_heads.py",
    "lab/nets/inception_resnet.py": "lab/nets/test_backbones.py",
    "lab/nets/streams.py": "lab/nets/test_pooling_and_heads.py",
    "lab/pipeline.py": "cli/test_lab_train.py",
    "lab/sampling/miners.py": "lab/sampling/test_mining.py",
    "lab/sampling/samplers.py": "lab/sampling/test_mining.py",
    "lab/train/build.py": "lab/train/test_recipes.py",
    "lab/train/detector_recipe.py": "lab/train/tasks/detect/test_task.py",
    "lab/train/embedding_parts.py": "lab/train/test_recipes.py",
    "lab/train/encoder_recipe.py": "lab/train/tasks/encoder/test_task.py",
    "lab/train/parts.py": "lab/train/test_recipes.py",
    "lab/train/reader_recipe.py": "lab/train/tasks/reader/test_task.py",
    "lab/train/reading.py": "lab/train/test_recipes.py",
    "lab/train/recipe.py": "lab/train/test_recipes.py",
    "lab/train/run.py": "lab/train/test_resume.py",
    "lab/train/tasks/converter.py": "lab/train/test_recipes_train.py",
    "lab/train/tasks/embedding.py": "lab/train/test_resume.py",
    "lab/train/tasks/encoder/features.py": "lab/train/tasks/encoder/test_task.py",
    "lab/train/tasks/loading.py": "lab/train/test_recipes_train.py",
    "lab/train/tasks/reader/data.py": "lab/train/tasks/reader/test_task.py",
    "lab/train/tasks/reader/looking.py": "cli/test_lab_train.py",
    "lab/train/tasks/reader/views.py": "lab/data/test_labelled_photos.py",
    "lab/train/tasks/untrained.py": "cli/test_lab_train.py",
    "lab/train/trained.py": "lab/train/test_recipes_train.py",
    "lab/train/values.py": "lab/train/test_recipes.py",
    "web/follow.py": "web/api/test_webhooks.py",
    "web/schemas.py": "present/test_json.py",
    "web/writing.py": "web/api/test_products.py",
}
"""Modules without such a test file, and the test file that covers them. The list only gets shorter."""

PRIVATE_NAMES: set[tuple[str, str]] = {
    ("lab/curate/test_alignment.py", "_BATCH"),
}
"""Test files that use private names of the package, and the names. The list only gets shorter."""

REMOVED_MODULES = {
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp",
    "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau",
    "telnetlib", "uu", "xdrlib",
}  # fmt: skip
"""Modules of the standard library of Python 3.11 that 3.12 or 3.13 lack."""


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", SERVING, ids=lambda p: str(p.relative_to(SOURCE)))
def test_serving_side_needs_nothing_of_the_lab(path: Path) -> None:
    names = imported(path)
    assert not {name.split(".")[0] for name in names} & LAB_ONLY
    if path.parent.name != "cli":  # the lab's commands import it when they are called
        assert not any(name.startswith("streetshop.lab") for name in names)


def test_arrows_point_one_way() -> None:
    """The contracts in ``pyproject.toml`` (``lint-imports``): rooms in layers, nothing but the lab imports the lab."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_importing_every_serving_module_loads_no_torch() -> None:
    modules = [
        ".".join(("streetshop", *p.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        for p in SERVING
        if p.name != "__main__.py"
    ]
    code = (
        f"import importlib, json, sys\nfor name in {modules!r}:\n    importlib.import_module(name)\n"
        "print(json.dumps(sorted(name for name in ('torch', 'sklearn', 'scipy') if name in sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_shipped_weights_are_small() -> None:
    weights = [p for p in (SOURCE / "models" / "weights").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in weights) <= 25e6
    assert not [p for p in weights if p.suffix not in (".onnx", ".json", ".md")], "ONNX only, never pickle"


def test_there_is_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/streetshop/__init__.py"
    assert importlib.metadata.version("streetshop") == streetshop.__version__
    assert f"## {streetshop.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_versions_of_python_are_those_that_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    prefix = "Programming Language :: Python :: "
    versions = [line.removeprefix(prefix) for line in project["classifiers"] if line.startswith(prefix)]
    assert versions == ["3.11", "3.12", "3.13"]
    assert project["requires-python"] == f">={versions[0]}"


def test_every_file_compiles_on_all_versions_of_python() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an unknown escape in a string is a warning now and an error later
        for path in PYTHON:
            text = path.read_text("utf-8")
            ast.parse(text, str(path), feature_version=(3, 11))
            compile(text, str(path), "exec")
            assert not {name.split(".")[0] for name in imported(path)} & REMOVED_MODULES, path


def lines_of_code(path: Path) -> int:
    """Lines that hold more than comments and docstrings."""
    text = path.read_text("utf-8")
    strings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            strings |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    no_code = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in no_code:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - strings)


def test_tests_mirror_the_source() -> None:
    missing = set()
    for path in SOURCE.rglob("*.py"):
        name = path.parent.name if path.name == "__init__.py" else path.stem
        mirrored = TESTS / path.relative_to(SOURCE).parent / f"test_{name}.py"
        if lines_of_code(path) > LOGIC and not mirrored.exists():
            missing.add(str(path.relative_to(SOURCE)))
    assert missing - set(COVERED_ELSEWHERE) == set(), "write a test file of this name"
    assert set(COVERED_ELSEWHERE) - missing == set(), "no longer needed in COVERED_ELSEWHERE"
    assert [name for name in COVERED_ELSEWHERE.values() if not (TESTS / name).is_file()] == []


def private_names() -> set[str]:
    """Names with one leading underscore that the package defines."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in found if name.startswith("_") and not name.endswith("_")}


def used_private_names(path: Path, private: set[str]) -> Iterator[str]:
    """Those of ``private`` that a test imports, reads, calls or patches."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("streetshop"):
            yield from (alias.name for alias in node.names if alias.name in private)
        elif isinstance(node, ast.Attribute) and node.attr in private:
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                yield node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")).endswith("attr"):
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            yield from (name for text in texts if (name := text.rsplit(".")[-1]) in private)


def test_tests_use_no_private_names() -> None:
    private = private_names()
    used = {
        (str(path.relative_to(TESTS)), name)
        for path in TESTS.rglob("*.py")
        for name in used_private_names(path, private)
    }
    assert used - PRIVATE_NAMES == set(), "make it public, or test through the public way"
    assert PRIVATE_NAMES - used == set(), "no longer needed in PRIVATE_NAMES"
