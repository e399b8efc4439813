"""Training: recipes, the loop, run folders, and what is done with a trained run. Export is in :mod:`.export`."""

from streetshop.lab.training.reading import load_recipe, recipe_names
from streetshop.lab.training.run import RunResult, train
from streetshop.lab.training.trained import Trained, TrainedRun, load_run

__all__ = ["RunResult", "Trained", "TrainedRun", "load_recipe", "load_run", "recipe_names", "train"]
