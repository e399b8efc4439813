"""Feeds: the products of a shop as it exports them.

``read`` opens a feed and gives its products; ``formats`` chooses the reader of a file (``csv``, ``json``, ``xml``,
``parquet``); ``presets`` makes rows of products of the exports of shop systems; ``find_columns`` and ``synonyms.toml``
say which column holds which field, ``columns`` what a row says of its product, with ``prices``, ``sales``, ``stock``,
``categories`` and ``states``; ``refused`` and ``report`` say what cannot be used.
"""
