"""Curation: from a scraped pile to training data, one step after the other, in one folder."""

from streetshop.lab.curate.workplace import STEPS, Curation

__all__ = ["STEPS", "Curation"]
