"""What must hold for the package as a whole."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "streetshop"
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
}


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
