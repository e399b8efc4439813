"""Search a catalog with a photo, the one way for the command line, the HTTP API and Python.

A ``SearchRequest`` holds what is asked for, checked once. ``Searcher`` answers it in three stages: *prepare* (read the
photo, cut out its garments), *encode* (garment pictures to vectors) and *match* (vectors to products). The server runs
the stages in lanes of its own and encodes across requests; ``Searcher.search`` runs them one after the other.
"""

from streetshop.search.request import SearchRequest
from streetshop.search.searcher import Answer, Found, GarmentAnswer, Query, Searcher

__all__ = ["Answer", "Found", "GarmentAnswer", "Query", "SearchRequest", "Searcher"]
