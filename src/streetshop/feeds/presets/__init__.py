"""Presets: how shop systems export their products, one file for each, chosen in ``choose``."""
