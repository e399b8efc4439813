"""Motifs, logos and lettering."""

from dataclasses import replace

import numpy as np

from streetshop.studio.prints import lettering, logo, motif, word
from streetshop.studio.svg import svg
from tests.studio.worn import product


def inked(elements):
    """(rows, columns) where SVG elements around the origin draw something."""
    return svg(f"<g>{elements}</g>", 80, 80, (-2, -2, 4, 4))[..., 3] > 0


def test_letters_are_as_wide_as_asked_for_and_centred():
    for width in (1.0, 3.0):
        _, columns = np.nonzero(inked(lettering("NORTH", width, "#000", 0.2)))
        assert abs(np.ptp(columns) / 20 - width) < 0.2
        assert abs(columns.mean() / 20 - 2) < 0.2


def test_words_are_capital_letters_that_can_be_drawn():
    words = {word(np.random.default_rng(seed)) for seed in range(60)}
    assert len(words) > 8
    for text in words:
        assert all(lettering(letter, 1, "#000") != lettering("?", 1, "#000") for letter in text), text


def test_every_motif_and_logo_draws_something_of_its_size():
    shirt = product("t-shirts", pattern="graphic print", secondary_colour="red")
    motifs = {motif(replace(shirt, seed=seed), 1.0) for seed in range(40)}
    logos = {logo(replace(shirt, seed=seed), 1.0) for seed in range(20)}
    assert len(motifs) > 20
    assert len(logos) >= 4
    for elements in motifs | logos:
        assert 0.02 < inked(elements).mean() < 0.7
