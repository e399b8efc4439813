"""Metrics, protocols, intervals and reports. Nothing here needs a trained network."""

from streetshop.lab.evaluate.evaluation import Neighbours, Roles, evaluate, neighbours, roles
from streetshop.lab.evaluate.intervals import Estimate, PairedDifference
from streetshop.lab.evaluate.protocols import PROTOCOLS, Protocol, RowRule, protocol_named
from streetshop.lab.evaluate.ranking import nearest
from streetshop.lab.evaluate.result import Result, compare

__all__ = [
    "PROTOCOLS",
    "Estimate",
    "Neighbours",
    "PairedDifference",
    "Protocol",
    "Result",
    "Roles",
    "RowRule",
    "compare",
    "evaluate",
    "nearest",
    "neighbours",
    "protocol_named",
    "roles",
]
