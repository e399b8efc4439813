"""Public data sets, a shop's feed and the studio's drawings: each becomes a manifest."""

from streetshop.lab.data.intake import Reading, Refusal
from streetshop.lab.data.registry import DATASETS, Dataset, read_dataset

__all__ = ["DATASETS", "Dataset", "Reading", "Refusal", "read_dataset"]
