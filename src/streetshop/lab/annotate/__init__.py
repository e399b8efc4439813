"""Choose which photos are labelled next, hand them to a labelling tool, and take the corrections back.

Active learning of method 3: uncertainty sampling and query by committee.
"""
