"""Data sets of the lab: readers that convert them to manifests, samples, masks, labels and splits."""

from streetshop.lab.data.intake import Reading, Refusal
from streetshop.lab.data.registry import DATASETS, Dataset, read_dataset

__all__ = ["DATASETS", "Dataset", "Reading", "Refusal", "read_dataset"]
