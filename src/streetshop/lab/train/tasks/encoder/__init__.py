"""The default encoder: a frozen ImageNet backbone, pooled over the garment, and one small trained head a block.

``items`` says what there is to learn from, ``views`` cuts and spoils it as in use, ``features`` runs the backbone once
over every view, ``heads`` and ``fit`` learn from the stored features, ``measure`` judges, ``export`` writes the bundle.
"""
