"""Detectors: boxes of a manifest, views of its pictures, training."""
