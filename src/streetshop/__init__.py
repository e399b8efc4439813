"""streetshop: a photograph in, the products of a shop's catalog out."""

__version__ = "0.2.0"
