"""What goes into a batch (samplers), and which of its triplets are learned from (miners)."""

from streetshop.lab.sampling.miners import Miner, MinerName
from streetshop.lab.sampling.nearest import draw_nearest, nearest_negatives
from streetshop.lab.sampling.samplers import (
    Pool,
    TripletPool,
    draw_queries,
    plain_plan,
    product_plan,
    random_negatives,
    triplet_plan,
    triplet_pool,
)

__all__ = [
    "Miner",
    "MinerName",
    "Pool",
    "TripletPool",
    "draw_nearest",
    "draw_queries",
    "nearest_negatives",
    "plain_plan",
    "product_plan",
    "random_negatives",
    "triplet_plan",
    "triplet_pool",
]
