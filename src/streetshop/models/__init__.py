"""Model bundles: load, verify and run them."""

from streetshop.models.encoder import Encoder, Prepared
from streetshop.models.load import load_encoder

__all__ = ["Encoder", "Prepared", "load_encoder"]
