"""Training: recipes, the engine and its tasks, run folders, trained runs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streetshop.lab.train.reading import load_recipe, recipe_names
    from streetshop.lab.train.run import RunResult, train
    from streetshop.lab.train.trained import Trained, TrainedRun, load_run

__all__ = ["RunResult", "Trained", "TrainedRun", "load_recipe", "load_run", "recipe_names", "train"]

_MODULES = {"load_recipe": "reading", "recipe_names": "reading", "RunResult": "run", "train": "run"}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: whoever wants a progress line only need not wait seconds for networks and losses.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'trained')}"), name)
