"""Catalogs: the products of a shop with their vectors.

``open`` opens and creates them, ``store`` is the port that every adapter implements, ``lance`` the adapter for folders
on disk, ``filters`` the language that restricts a search.
"""
