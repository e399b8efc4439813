"""Trained runs and untrained baselines compared on one manifest."""

from streetshop.lab.compare.measure import Comparison
from streetshop.lab.compare.methods import compare_runs
from streetshop.lab.compare.page import write_report

__all__ = ["Comparison", "compare_runs", "write_report"]
