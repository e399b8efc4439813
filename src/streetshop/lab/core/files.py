"""The files of a run folder, each written in one step; and files that are made once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
import yaml
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from streetshop.core.errors import RunError
from streetshop.core.files import output_file, write_text

RECIPE: Final = "recipe.yaml"
RUN: Final = "run.json"
CLASSES: Final = "classes.json"
CHECKPOINT: Final = "checkpoint.pt"
METRICS: Final = "metrics.jsonl"
BEST: Final = "best.safetensors"
LAST: Final = "last.safetensors"


def made(path: Path, make: Callable[[Path], object], *sources: Path) -> Path:
    """A file or folder that is made once, in one step.

    Args:
        path: what is made; left as it is when it is there and newer than all ``sources``.
        make: writes it to the path it is given.
        sources: files that it is made of.
    """
    if path.exists():
        age = path.stat().st_mtime_ns
        if all(source.stat().st_mtime_ns < age for source in sources):
            return path
    partial = path.with_name(f".{path.name}.part")
    _remove(partial)
    path.parent.mkdir(parents=True, exist_ok=True)
    make(partial)
    _remove(path)
    partial.replace(path)
    return path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Raises :class:`RunError` where there is no such file, or it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise RunError("this is no run folder", where=str(path), hint="Give a folder that `lab train` made") from None
    except ValueError as error:
        raise RunError(f"is no JSON ({error})", where=str(path)) from None


def write_yaml(path: Path, value: Any) -> None:
    """``value`` as YAML, keys in their order."""
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Tensors and plain values; :func:`read_checkpoint` reads them back without unpickling code."""
    with _native_writer(path) as partial:
        torch.save(dict(state), partial)


def read_checkpoint(path: Path, device: torch.device) -> dict[str, Any] | None:
    """None where there is none. Raises :class:`RunError` when it is damaged."""
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch.load raises whatever zip and pickle stumble over
        raise RunError(
            f"the checkpoint is damaged ({type(error).__name__})",
            where=str(path),
            hint="Delete it to start the run anew",
        ) from None
    return dict(state)


def write_weights(path: Path, state: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
    """Weights as safetensors, with text metadata."""
    # Copies: safetensors refuses tensors that share memory, as tied weights do.
    tensors = {name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in state.items()}
    with _native_writer(path) as partial:
        save_file(tensors, partial, metadata=dict(about))


@contextmanager
def _native_writer(path: Path) -> Iterator[Path]:
    """As ``output_file``, for writers whose failures are errors of their own, such as a RuntimeError of PyTorch.

    Raises:
        FileNotWritten: it cannot be written.
    """
    with output_file(path) as partial:
        try:
            yield partial
        except (RuntimeError, SafetensorError) as error:
            raise OSError(str(error).splitlines()[0]) from error


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata. Raises :class:`RunError` where there are none."""
    if not path.is_file():
        raise RunError("there are no weights", where=str(path), hint="Train the run first")
    with safe_open(path, "pt") as file:
        about = file.metadata() or {}
    return load_file(path), about


class MetricsLog:
    """``metrics.jsonl`` and TensorBoard.

    What a resumed run will write again is removed first: all after ``step``, which is -1 for a fresh start.
    """

    def __init__(self, folder: Path, *, step: int, enabled: bool = True) -> None:
        self._enabled = enabled
        if not enabled:
            return
        from torch.utils.tensorboard import SummaryWriter

        self._path = folder / METRICS
        if self._path.is_file():
            lines = self._path.read_text(encoding="utf-8").splitlines()
            write_text(self._path, "".join(f"{line}\n" for line in lines if _step(line) <= step))
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """One line, and every number of it on the board."""
        if not self._enabled:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        for name, value in values.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Close the board."""
        if self._enabled:
            self._board.close()


def _step(line: str) -> int:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 2**62  # half a line, written as the process died
