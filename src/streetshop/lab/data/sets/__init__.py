"""Readers of data sets, one per file."""
