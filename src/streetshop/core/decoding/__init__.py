"""Decoding in processes of their own: what they cost, whose turn it is, and what becomes of one that does not end."""
