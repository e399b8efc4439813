"""The networks of the five methods, in parts that fit each other: trunk, head (pooling, blocks, attention), streams;
and the converter. A recipe names them; :mod:`streetshop.lab.training.build` puts them together."""

from streetshop.lab.nets.attention import AttendedRegions, AttentionBranch, anchor_points
from streetshop.lab.nets.converter import Converter, DomainDiscriminator, RealDiscriminator
from streetshop.lab.nets.encoder import AttentionHead, Block, BlockHead, Encoder, Encoding
from streetshop.lab.nets.pooling import AveragePooling, GeMPooling, MaxPooling, build_pooling
from streetshop.lab.nets.streams import Streams
from streetshop.lab.nets.texture import TextureEncoding
from streetshop.lab.nets.trunks import OWN_TRUNKS, Trunk, build_trunk

__all__ = [
    "OWN_TRUNKS",
    "AttendedRegions",
    "AttentionBranch",
    "AttentionHead",
    "AveragePooling",
    "Block",
    "BlockHead",
    "Converter",
    "DomainDiscriminator",
    "Encoder",
    "Encoding",
    "GeMPooling",
    "MaxPooling",
    "RealDiscriminator",
    "Streams",
    "TextureEncoding",
    "Trunk",
    "anchor_points",
    "build_pooling",
    "build_trunk",
]
