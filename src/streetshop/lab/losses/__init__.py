"""Loss terms. A recipe's stage adds up any of them, each with its weight."""

from streetshop.lab.data.labels import UNKNOWN
from streetshop.lab.losses.base import LossInput, LossTerm, Triplets
from streetshop.lab.losses.classes import ArcFace, CenterLoss, CrossEntropy, MultiLabelEuclidean, multilabel_euclidean
from streetshop.lab.losses.conversion import converter_loss, domain_loss, judge_apart, real_loss
from streetshop.lab.losses.regions import Diversity, Localisation, diversity, localisation
from streetshop.lab.losses.triplet import TripletLoss, WeightedTripletLoss, build_distance, weighted_triplet

__all__ = [
    "UNKNOWN",
    "ArcFace",
    "CenterLoss",
    "CrossEntropy",
    "Diversity",
    "Localisation",
    "LossInput",
    "LossTerm",
    "MultiLabelEuclidean",
    "TripletLoss",
    "Triplets",
    "WeightedTripletLoss",
    "build_distance",
    "converter_loss",
    "diversity",
    "domain_loss",
    "judge_apart",
    "localisation",
    "multilabel_euclidean",
    "real_loss",
    "weighted_triplet",
]
