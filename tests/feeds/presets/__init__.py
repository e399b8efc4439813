"""Presets of shop systems."""
