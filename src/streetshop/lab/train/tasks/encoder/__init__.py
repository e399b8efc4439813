"""The default encoder: a head for each block on stored features of a backbone, then its upper part too.

``plan`` chooses views of garments, ``features`` runs the backbone once over each, ``targets`` holds what the blocks
learn, ``task`` trains heads and backbone.
"""
