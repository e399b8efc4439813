"""Curation: from collected pictures to training data, step by step, in one folder."""

from streetshop.lab.curate.curation import STEPS, Curation

__all__ = ["STEPS", "Curation"]
