"""Numbers with their protocol, their interval and the fingerprint of what they were measured on."""

from streetshop.lab.measure.evaluation import Neighbours, Roles, evaluate, neighbours, roles
from streetshop.lab.measure.intervals import Estimate, PairedDifference
from streetshop.lab.measure.protocols import PROTOCOLS, Protocol, RowRule, protocol_named
from streetshop.lab.measure.ranking import nearest
from streetshop.lab.measure.result import Result, compare

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
