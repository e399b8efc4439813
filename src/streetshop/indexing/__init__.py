"""Indexing: put the products of a feed into a catalog, or embed pictures.

``index`` is the entry and ``ingest`` one pass over a feed, in batches (``batch``). ``pictures`` reads the bytes of a
picture, from a file or through ``fetch`` (``addresses`` says from where); ``shots`` turns them into the encoder's input
and ``kinds`` chooses among the garments of a picture. ``embed`` writes vectors to a file instead of a catalog.
"""
