"""Feeds: the products of a shop as it exports them.

``read`` opens a feed and gives its products; ``formats`` chooses the reader of a file (``csv``, ``json``, ``parquet``);
``columns`` and ``synonyms.toml`` say which column holds which field, ``values`` how prices, stock and pictures are
written; ``refused`` is the report of what cannot be used.
"""
