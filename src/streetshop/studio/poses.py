"""Poses of mannequins, of models on product pages and of people in the street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streetshop.studio.body import Figure, Pose
from streetshop.studio.people import HAIR, HAIR_COLORS, SKIN_TONES

MANNEQUIN = Pose("mannequin", (15, 8, 11, 25), (15, 8, 11, 25), (4, 0, 3, 0), (4, 0, 3, 0))
FLAT = Pose("flat", (30, 0, 26, 0), (30, 0, 26, 0), (5, 0, 4, 0), (5, 0, 4, 0))

STUDIO_POSES: tuple[Pose, ...] = (
    Pose("straight", (11, 10, 9, 40), (11, 10, 9, 40)),
    Pose("hand on hip", (38, -20, 48, 160), (12, 10, 10, 50), sway=4, head=(8, 2, 3)),
    Pose(
        "weight on one leg",
        (14, 0, 16, 60),
        (12, 20, 14, 70),
        (5, 30, 3, 0),
        (9, 60, 10, -60),
        sway=-5,
        head=(-10, 3, 0),
    ),
    Pose("hands in pockets", (24, -10, 26, 140), (24, -10, 26, 140), head=(5, 4, 0)),
)

STREET_POSES: tuple[Pose, ...] = (
    *STUDIO_POSES,
    Pose("walking", (26, 80, 36, 90), (24, -80, 18, -20), (24, 85, 8, 70), (20, -85, 34, -88), lean=2, twist=6),
    Pose(
        "walking, other foot",
        (22, -80, 16, -20),
        (28, 80, 48, 95),
        (20, -85, 36, -88),
        (25, 85, 10, 80),
        lean=2,
        twist=-6,
    ),
    Pose("crossed arms", (26, 55, 82, 158), (24, 55, 78, 152), (6, 30, 4, 0), (7, 20, 5, 0), head=(6, 2, 4)),
    Pose("phone", (24, 50, 112, 118), (12, 10, 14, 60), head=(4, 14, 0)),
    Pose("hand in hair", (96, 15, 158, 130), (12, 5, 14, 50), sway=5, tilt=-4, head=(-8, 2, 8)),
    Pose("one knee up", (20, 20, 40, 110), (18, -20, 24, 60), (40, 84, 10, -80), (4, 10, 3, 0), head=(12, 4, 0)),
    Pose("arms behind", (22, -60, 30, -120), (22, -60, 30, -120), (7, 40, 5, 10), (6, 20, 4, 0)),
    Pose("waving", (14, 0, 18, 40), (118, 20, 162, 60), head=(-6, -2, -5)),
    Pose("carrying", (18, 30, 74, 105), (14, 0, 16, 40), (6, 40, 5, 10), (9, 70, 8, -40), head=(10, 8, 0)),
    Pose("wide stance", (28, 0, 38, 120), (26, 0, 20, 60), (15, 10, 13, 5), (14, 15, 12, 0)),
    Pose(
        "legs crossed",
        (12, 10, 10, 60),
        (34, -20, 44, 155),
        (4, 170, 8, 175),
        (5, 60, 3, 10),
        sway=-4,
        head=(-12, 3, -3),
    ),
    Pose(
        "leaning back",
        (16, -30, 24, 40),
        (18, -30, 26, 50),
        (14, 70, 6, 80),
        (6, 20, 5, -30),
        lean=-6,
        bend=3,
        head=(14, -2, 0),
    ),
)


def vary(pose: Pose, rng: np.random.Generator, amount: float = 1.0) -> Pose:
    """``pose`` with random changes of the angles, and left and right exchanged half of the time."""

    def limb(values: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        a = rng.normal(0, 1, 4) * np.array([4, 10, 5, 10]) * amount
        return tuple(float(v + d) for v, d in zip(values, a, strict=True))  # type: ignore[return-value]

    def small(value: float, spread: float) -> float:
        return float(value + rng.normal(0, spread) * amount)

    result = replace(
        pose,
        left_arm=limb(pose.left_arm),
        right_arm=limb(pose.right_arm),
        left_leg=_leg(pose.left_leg, rng, amount),
        right_leg=_leg(pose.right_leg, rng, amount),
        sway=small(pose.sway, 1.5),
        lean=small(pose.lean, 1.5),
        bend=small(pose.bend, 2),
        twist=small(pose.twist, 4),
        tilt=small(pose.tilt, 1.5),
        head=(small(pose.head[0], 9), small(pose.head[1], 4), small(pose.head[2], 3)),
    )
    return mirrored(result) if rng.random() < 0.5 else result


def _leg(
    values: tuple[float, float, float, float], rng: np.random.Generator, amount: float
) -> tuple[float, float, float, float]:
    a = rng.normal(0, 1, 4) * np.array([1.2, 8, 1.2, 8]) * amount
    spread, azimuth, spread2, azimuth2 = (float(v + d) for v, d in zip(values, a, strict=True))
    return (spread, azimuth, spread2, azimuth2)


def mirrored(pose: Pose) -> Pose:
    """Left and right exchanged."""
    turn, nod, roll = pose.head
    return replace(
        pose,
        left_arm=pose.right_arm,
        right_arm=pose.left_arm,
        left_leg=pose.right_leg,
        right_leg=pose.left_leg,
        sway=-pose.sway,
        twist=-pose.twist,
        tilt=-pose.tilt,
        head=(-turn, nod, -roll),
    )


def draw_figure(rng: np.random.Generator, *, model: bool = False) -> Figure:
    """A random figure; ``model`` narrows the range to that of fashion models."""
    curve = float(np.clip(rng.normal(0.8, 0.15) if rng.random() < 0.75 else rng.normal(0.15, 0.1), 0, 1))
    build = float(np.clip(rng.normal(0.95, 0.04) if model else rng.normal(1.05, 0.15), 0.84, 1.4))
    height = float(rng.normal(1.68 if curve > 0.5 else 1.78, 0.03 if model else 0.065))
    tone = int(rng.integers(len(SKIN_TONES)))
    styles = HAIR[:6] if curve > 0.5 else HAIR[2:]
    style = styles[int(rng.integers(len(styles)))]
    hues = HAIR_COLORS if tone < 3 else HAIR_COLORS[:3]
    return Figure(
        height, build, curve, SKIN_TONES[tone], style, hues[int(rng.integers(len(hues)))], int(rng.integers(2**31))
    )
