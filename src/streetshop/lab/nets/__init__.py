"""The parts of the networks: backbones, heads (pooling, blocks, attention), streams, and the converter.

A recipe names them; :mod:`streetshop.lab.train.build` puts them together.
"""

from streetshop.lab.nets.attention import AttendedRegions, AttentionBranch, anchor_points
from streetshop.lab.nets.backbones import OWN_BACKBONES, Backbone, build_backbone
from streetshop.lab.nets.converter import Converter, DomainDiscriminator, RealDiscriminator
from streetshop.lab.nets.encoder import AttentionHead, Block, BlockHead, Encoder, Encoding
from streetshop.lab.nets.pooling import AveragePooling, GeMPooling, MaxPooling, build_pooling
from streetshop.lab.nets.streams import Streams
from streetshop.lab.nets.texture import TextureEncoding

__all__ = [
    "OWN_BACKBONES",
    "AttendedRegions",
    "AttentionBranch",
    "AttentionHead",
    "AveragePooling",
    "Backbone",
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
    "anchor_points",
    "build_backbone",
    "build_pooling",
]
