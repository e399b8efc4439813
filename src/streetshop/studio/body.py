"""A person: proportions, a pose, and the curves to which skin and clothes are fitted.

Heights ``h`` along the trunk are fractions of the height of the person standing straight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streetshop.core.geometry import COCO_KEYPOINTS
from streetshop.studio.mesh import Array, rotation, sweep_frames, unit

HIP, NECK_BASE, CHIN = 0.525, 0.835, 0.872


@dataclass(frozen=True, slots=True)
class Figure:
    """Proportions and looks of a person.

    Attributes:
        height: metres.
        build: girth relative to height, 0.85 (slim) to 1.35 (heavy).
        curve: waist relative to hips and bust, 0 (straight) to 1 (curvy).
        skin: sRGB 0-255.
        hair: style, one of ``people.HAIR``.
        hair_color: sRGB 0-255.
        seed: of the face.
    """

    height: float = 1.70
    build: float = 1.0
    curve: float = 0.7
    skin: tuple[int, int, int] = (224, 172, 140)
    hair: str = "long"
    hair_color: tuple[int, int, int] = (60, 40, 28)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Pose:
    """Joint angles in degrees.

    A limb has (spread, azimuth) for its upper and its lower half: spread is the angle from straight down, azimuth the
    direction: 0 to the limb's own side, 90 to the front, 180 across the body, -90 to the back.
    """

    name: str
    left_arm: tuple[float, float, float, float] = (12, 10, 12, 60)
    right_arm: tuple[float, float, float, float] = (12, 10, 12, 60)
    left_leg: tuple[float, float, float, float] = (4, 20, 3, -20)
    right_leg: tuple[float, float, float, float] = (4, 20, 3, -20)
    sway: float = 0.0
    lean: float = 0.0
    bend: float = 0.0
    twist: float = 0.0
    tilt: float = 0.0
    head: tuple[float, float, float] = (0, 0, 0)
    """(turn to the left, nod down, tilt)."""


# Rest profile of the trunk: height, half width, front and back half depth, forward shift (fractions of body height),
# for a straight and for a curvy body.
_PROFILE_H = np.array([
    0.455, 0.475, 0.50, 0.525, 0.56, 0.59, 0.62, 0.66, 0.70,
    0.725, 0.76, 0.785, 0.805, 0.82, 0.832, 0.845, 0.86, 0.885,
])  # fmt: skip
_STRAIGHT_X = np.array([
    0.072, 0.086, 0.094, 0.096, 0.094, 0.089, 0.086, 0.089, 0.096,
    0.099, 0.101, 0.1, 0.093, 0.073, 0.049, 0.037, 0.034, 0.034,
])  # fmt: skip
_CURVY_X = np.array([
    0.078, 0.094, 0.104, 0.105, 0.095, 0.083, 0.075, 0.08, 0.09,
    0.0935, 0.093, 0.092, 0.085, 0.067, 0.044, 0.033, 0.0305, 0.0305,
])  # fmt: skip
_STRAIGHT_Z = np.array([
    0.05, 0.062, 0.066, 0.064, 0.061, 0.059, 0.058, 0.06, 0.064,
    0.066, 0.064, 0.058, 0.05, 0.043, 0.037, 0.035, 0.034, 0.034,
])  # fmt: skip
_CURVY_Z = np.array([
    0.052, 0.066, 0.072, 0.068, 0.06, 0.054, 0.051, 0.056, 0.068,
    0.071, 0.062, 0.053, 0.045, 0.039, 0.034, 0.032, 0.031, 0.031,
])  # fmt: skip
_SHIFT = np.array([
    0.0, -0.006, -0.009, -0.008, -0.002, 0.001, 0.002, 0.002, 0.004,
    0.005, 0.001, -0.002, -0.004, -0.004, -0.002, 0.001, 0.004, 0.008,
])  # fmt: skip

_LEG_T = np.array([-0.25, 0.0, 0.25, 0.5, 0.8, 1.0, 1.15, 1.35, 1.6, 1.85, 2.0, 2.2])
_LEG_R = np.array([0.058, 0.056, 0.053, 0.046, 0.038, 0.034, 0.033, 0.035, 0.029, 0.021, 0.0195, 0.021])
_ARM_T = np.array([-0.5, -0.2, 0.0, 0.22, 0.5, 0.85, 1.0, 1.2, 1.5, 1.8, 2.0, 2.1])
_ARM_R = np.array([0.018, 0.0245, 0.0275, 0.0300, 0.0275, 0.0235, 0.0225, 0.0235, 0.0205, 0.0165, 0.0150, 0.0150])


@dataclass(frozen=True, slots=True)
class Rings:
    """Cross sections of the trunk: (n, 3) centres and axes, (n,) half axes in metres."""

    centers: Array
    side: Array
    up: Array
    front: Array
    half_width: Array
    half_depth: Array


@dataclass(frozen=True, slots=True)
class Curve:
    """A limb from t = 0 (shoulder or hip) over 1 (middle joint) to 2 (end), its bends rounded; t = -1 is in the trunk.

    Attributes:
        joints: (3, 3) metres.
        root: (3,) metres, its start inside the trunk.
        front: (3,) the direction that u = 0.5 faces at the root.
        scale: body height in metres.
    """

    joints: Array
    root: Array
    front: Array
    scale: float

    def at(self, t: Array) -> Array:
        """(n, 3) points; above t = 2 the limb continues straight."""
        window = np.linspace(-0.16, 0.16, 7, dtype=np.float32)
        s = np.clip((t[:, None] + window[None]), -1, 3)
        a, b, c = self.joints
        first = a + np.minimum(s, 0)[..., None] * (a - self.root) + np.clip(s, 0, 1)[..., None] * (b - a)
        second = np.maximum(s - 1, 0)[..., None] * (c - b)
        return np.asarray((first + second).mean(axis=1), dtype=np.float32)

    def frames(self, t: Array) -> tuple[Array, Array, Array]:
        """Centres, side and front axes along the curve; each (n, 3)."""
        centers = self.at(t)
        _down, side, front = sweep_frames(centers, self.front)
        # sweep_frames takes the tangent as up; a limb runs downwards, which reverses side.
        return centers, -side, front

    def bend(self) -> tuple[float, Array]:
        """The bend of the middle joint, 0 (straight) to 1 (closed), and the (3,) direction of its inside."""
        upper, lower = unit(self.joints[1] - self.joints[0]), unit(self.joints[2] - self.joints[1])
        inside = lower - upper
        amount = float(np.sqrt(inside @ inside)) / 2
        return amount, unit(inside)


class Body:
    """A figure in a pose, standing at ``place``, turned by ``yaw`` degrees (0 faces the camera, 90 its left side away).

    A positive yaw turns the person to their own left, so that the camera sees their right side.
    """

    def __init__(self, figure: Figure, pose: Pose, yaw: float = 0.0, place: tuple[float, float, float] = (0, 0, 0)):
        self.figure, self.pose, self.yaw = figure, pose, yaw
        tall = self.tall = figure.height
        root = rotation("y", yaw)
        self.pelvis = root @ rotation("z", pose.sway) @ rotation("x", pose.lean)
        self.chest = (
            self.pelvis @ rotation("y", pose.twist) @ rotation("z", pose.tilt - pose.sway) @ rotation("x", pose.bend)
        )
        turn, nod, roll = pose.head
        self.head = self.chest @ rotation("y", turn) @ rotation("x", nod - pose.bend * 0.6) @ rotation("z", roll)
        self._trunk = self._spine(np.zeros(3, np.float32))
        lowest = min(float(self._leg_joints(s)[2][1]) for s in (1, -1))
        origin = np.array([place[0], place[1] + 0.043 * tall - lowest, place[2]], np.float32)
        self._trunk = self._spine(origin)
        self.left_leg, self.right_leg = (self._limb_leg(s) for s in (1, -1))
        self.left_arm, self.right_arm = (self._limb_arm(s) for s in (1, -1))
        top = self.rings(np.array([CHIN], np.float32))
        self.chin = top.centers[0]
        self.skull = self.chin + self.head @ np.array([0, 0.062, 0.012], np.float32) * tall
        self.place = origin

    def _spine(self, origin: Array) -> tuple[Array, Array, Array]:
        """Heights, centres and frames along the trunk, integrated from the hips."""
        h = np.linspace(0.44, 0.90, 47, dtype=np.float32)
        blend = np.clip((h - 0.56) / 0.15, 0, 1)
        blend = (blend * blend * (3 - 2 * blend))[:, None, None]
        frames = self.pelvis[None] * (1 - blend) + self.chest[None] * blend
        neck = np.clip((h - 0.845) / 0.04, 0, 1)[:, None, None] * 0.7
        frames = frames * (1 - neck) + self.head[None] * neck
        up = unit(frames[:, :, 1])
        front = frames[:, :, 2]
        front = unit(front - up * np.sum(front * up, axis=1, keepdims=True))
        side = np.cross(up, front)
        step = up * (h[1] - h[0]) * self.tall
        centers = np.cumsum(step, axis=0) - step
        at_hip = np.array([np.interp(HIP, h, centers[:, k]) for k in range(3)], np.float32)
        return h, (centers - at_hip + origin).astype(np.float32), np.stack([side, up, front], axis=1).astype(np.float32)

    def trunk_point(self, h: float, x: float = 0.0, z: float = 0.0) -> Array:
        """(3,) the point at height h, x to the person's left and z to the front (fractions of body height)."""
        ring = self.rings(np.array([h], np.float32))
        point = ring.centers + (ring.side * x + ring.front * z) * self.tall
        return np.asarray(point[0], np.float32)

    def rings(self, h: Array) -> Rings:
        """Cross sections at heights h."""
        table, centers, frames = self._trunk
        position = np.clip((h - table[0]) / (table[1] - table[0]), 0, len(table) - 1.001)
        low = position.astype(int)
        f = (position - low)[:, None]
        c = centers[low] * (1 - f) + centers[low + 1] * f
        g = frames[low] * (1 - f[..., None]) + frames[low + 1] * f[..., None]
        side, up, front = (unit(g[:, k]) for k in range(3))
        half_x, half_z, shift = profile(self.figure, h)
        c = c + front * (shift * self.tall)[:, None]
        # Beyond the table the trunk continues straight.
        c = c + up * ((h - np.clip(h, table[0], table[-1])) * self.tall)[:, None]
        return Rings(c.astype(np.float32), side, up, front, half_x * self.tall, half_z * self.tall)

    def _leg_joints(self, s: int) -> Array:
        tall = self.tall
        wide = 0.053 * (0.9 + 0.1 * self.figure.build)
        hip = self._trunk_raw(0.505) + self.pelvis[:, 0] * s * wide * tall
        spread, azimuth, spread2, azimuth2 = self.pose.left_leg if s > 0 else self.pose.right_leg
        knee = hip + self.pelvis @ _direction(spread, azimuth, s) * 0.235 * tall
        ankle = knee + self.pelvis @ _direction(spread2, azimuth2, s) * 0.238 * tall
        return np.stack([hip, knee, ankle]).astype(np.float32)

    def _trunk_raw(self, h: float) -> Array:
        table, centers, _ = self._trunk
        return np.array([np.interp(h, table, centers[:, k]) for k in range(3)], np.float32)

    def _limb_leg(self, s: int) -> Curve:
        joints = self._leg_joints(s)
        root = self._trunk_raw(0.56) + self.pelvis[:, 0] * s * 0.03 * self.tall
        return Curve(joints, root.astype(np.float32), self.pelvis[:, 2], self.tall)

    def _limb_arm(self, s: int) -> Curve:
        tall, f = self.tall, self.figure
        wide = (0.101 + 0.006 * (1 - f.curve)) * (0.85 + 0.15 * f.build)
        spread, azimuth, spread2, azimuth2 = self.pose.left_arm if s > 0 else self.pose.right_arm
        lift = 0.03 * np.clip((spread - 40) / 90, 0, 1)
        shoulder = self.trunk_point(0.787 + lift, s * wide, -0.004)
        elbow = shoulder + self.chest @ _direction(spread, azimuth, s) * 0.172 * tall
        wrist = elbow + self.chest @ _direction(spread2, azimuth2, s) * 0.15 * tall
        root = self.trunk_point(0.785 + 0.4 * lift, s * 0.04, -0.002)
        return Curve(np.stack([shoulder, elbow, wrist]).astype(np.float32), root, self.chest[:, 2], tall)

    def arm_radius(self, t: Array) -> Array:
        """Radius of the arm at t; (n,) metres."""
        return np.asarray(np.interp(t, _ARM_T, _ARM_R) * self.tall * (0.55 + 0.45 * self.figure.build), np.float32)

    def leg_radius(self, t: Array) -> Array:
        """Radius of the leg at t; (n,) metres."""
        girth = 0.5 + 0.5 * self.figure.build
        thigh = 1 + 0.06 * self.figure.curve * np.clip(1 - t, 0, 1)
        return np.asarray(np.interp(t, _LEG_T, _LEG_R) * thigh * self.tall * girth, np.float32)

    def foot(self, s: int) -> tuple[Array, Array, Array]:
        """Ankle, and unit axes forward along the foot and up, of the left (``s`` = 1) or right (-1) foot."""
        leg = self.left_leg if s > 0 else self.right_leg
        shin = unit(leg.joints[1] - leg.joints[2])
        forward: Array = self.pelvis @ np.asarray([s * 0.16, 0, 1], np.float32)
        above = float(leg.joints[2][1]) - self._ground()
        lifted = np.clip((above / self.tall - 0.05) / 0.06, 0, 1)
        up = unit(np.array([0, 1, 0], np.float32) * (1 - lifted) + shin * lifted)
        forward = unit(forward - up * float(forward @ up))
        return leg.joints[2], forward, up

    def _ground(self) -> float:
        return min(float(self.left_leg.joints[2][1]), float(self.right_leg.joints[2][1])) - 0.043 * self.tall

    def keypoints(self) -> Array:
        """The COCO keypoints; (17, 3) metres."""
        tall = self.tall

        def face(x: float, y: float, z: float) -> Array:
            return np.asarray(self.skull + self.head @ np.array([x, y, z], np.float32) * tall)

        named = {
            "nose": face(0, -0.008, 0.062),
            "left_eye": face(0.019, 0.008, 0.05),
            "right_eye": face(-0.019, 0.008, 0.05),
            "left_ear": face(0.043, 0.0, -0.005),
            "right_ear": face(-0.043, 0.0, -0.005),
        }
        for name, arm, leg in (("left", self.left_arm, self.left_leg), ("right", self.right_arm, self.right_leg)):
            named[f"{name}_shoulder"], named[f"{name}_elbow"], named[f"{name}_wrist"] = arm.joints
            named[f"{name}_hip"], named[f"{name}_knee"], named[f"{name}_ankle"] = leg.joints
        return np.stack([named[n] for n in COCO_KEYPOINTS]).astype(np.float32)


def profile(figure: Figure, h: Array) -> tuple[Array, Array, Array]:
    """Half width, half depth and forward shift of the trunk at heights h, as fractions of body height."""
    k = figure.curve
    # Girth changes the neck less than the belly.
    girth = 1 + (figure.build - 1) * np.interp(h, [0.5, 0.62, 0.72, 0.80, 0.84], [0.8, 1.25, 1.0, 0.6, 0.25])
    half_x = np.interp(h, _PROFILE_H, _STRAIGHT_X * (1 - k) + _CURVY_X * k) * girth
    half_z = np.interp(h, _PROFILE_H, _STRAIGHT_Z * (1 - k) + _CURVY_Z * k) * girth
    shift = np.interp(h, _PROFILE_H, _SHIFT)
    return half_x.astype(np.float32), half_z.astype(np.float32), shift.astype(np.float32)


def _direction(spread: float, azimuth: float, s: int) -> Array:
    """(3,) unit vector in the frame of chest or pelvis."""
    a, b = np.radians(spread), np.radians(azimuth)
    return np.array([s * np.sin(a) * np.cos(b), -np.cos(a), np.sin(a) * np.sin(b)], np.float32)
