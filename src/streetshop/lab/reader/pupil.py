"""One network that learns to read: its copies, the running mean of its weights, and its optimiser."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from streetshop.lab.reader.batches import Batch
from streetshop.lab.reader.losses import class_loss, heatmaps, imitation_loss, keypoint_loss
from streetshop.lab.reader.net import STRIDE, Learns, ReaderNet, enlarge
from streetshop.lab.reader.recipe import ReaderRecipe, Tutor
from streetshop.lab.training.replicas import twin

_SIGMA: Final = 1.6
_ROUGH: Final = 0.4
"""Weight of the loss of the rough classes of :class:`~streetshop.lab.reader.net.Regions`, as in their paper."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a batch teaches: (b, h, w) labels, with guesses where the photo has none, and the (b, classes, h, w)
    probabilities to imitate, if any."""

    labels: Tensor
    opinion: Tensor | None


class Pupil:
    """A network and what it takes to teach it. ``mean`` is what is looked at and exported."""

    def __init__(
        self, recipe: ReaderRecipe, shape: ReaderRecipe | Tutor, weights: Tensor, device: torch.device
    ) -> None:
        self.recipe, self.weights, self.device = recipe, weights, device
        net = ReaderNet(
            trunk=shape.trunk,
            width=shape.width,
            detail=shape.detail,
            regions=shape.regions,
            drop_path=recipe.drop_path,
            weights=recipe.weights,
        )
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.net.freeze(recipe.frozen_blocks, statistics=recipe.frozen_statistics)
        self.mean = copy.deepcopy(self.net).eval()
        self.optimiser = torch.optim.AdamW(
            [{"params": self.net.head_parameters()}, {"params": self.net.trunk_parameters()}],
            weight_decay=recipe.weight_decay,
        )
        self.nets = [self.net, *(twin(self.net) for _ in range(recipe.workers - 1))]

    def begin(self, what: Learns, *, anew: bool) -> None:
        """Say what learns from now on; the level of stride 2 alone learns, if ``anew``, on top of the mean."""
        for net in self.nets:
            if what == "detail" and anew:
                net.load_state_dict(self.mean.state_dict())
            net.learn(what)

    def rates(self, rate: float, trunk_rate: float) -> None:
        for group, value in zip(self.optimiser.param_groups, (rate, trunk_rate), strict=True):
            group["lr"] = value

    def step(
        self,
        batches: Sequence[Batch],
        lessons: Sequence[Lesson],
        imitate: float,
        steps: int,
        pool: ThreadPoolExecutor,
    ) -> dict[str, Tensor]:
        """Learn from the parts of one batch, one copy of the network each; the losses, still on the device.

        Args:
            imitate: weight of the loss against the lessons' opinions.
            steps: of the run, before this one.
        """
        for net in self.nets:
            net.train()
            net.zero_grad(set_to_none=True)
        jobs = [
            pool.submit(self._learn, net, batch, lesson, imitate, steps)
            for net, batch, lesson in zip(self.nets, batches, lessons, strict=True)
        ]
        results = [job.result() for job in jobs]
        for first, *others in zip(*(net.parameters() for net in self.nets), strict=True):
            if first.grad is not None:
                for other in others:
                    first.grad += other.grad
                first.grad /= len(self.nets)
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        keep = min(self.recipe.ema, (steps + 1) / (steps + 11))  # the start is forgotten quickly
        with torch.no_grad():
            pairs = [
                (mine, theirs)
                for mine, theirs in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True)
                if mine.dtype.is_floating_point
            ]
            torch._foreach_lerp_([mine for mine, _ in pairs], [theirs for _, theirs in pairs], 1 - keep)
        return {name: torch.stack([r[name] for r in results]).mean() for name in results[0]}

    def _learn(self, net: ReaderNet, batch: Batch, lesson: Lesson, imitate: float, steps: int) -> dict[str, Tensor]:
        with self._precision():
            logits, joints = net(batch.images)
        logits, joints = logits.float(), joints.float()
        # Every fourth label pixel, another one each step: the loss of all took about a fifth of the step's time.
        y, x = divmod(steps % 4, 2)
        labels = lesson.labels[:, y::2, x::2]
        rows = enlarge(logits, lesson.labels.shape[1:])[:, :, y::2, x::2]
        loss = class_loss(rows, labels, self.weights, lovasz=self.recipe.lovasz)
        found = {"class": loss.detach()}
        if net.regions is not None and net.regions.said is not None:
            rough = enlarge(net.regions.said.float(), labels.shape[1:])
            loss = loss + _ROUGH * class_loss(rough, labels, self.weights, lovasz=0)
        if imitate and lesson.opinion is not None:
            copied = imitation_loss(rows, lesson.opinion[:, :, y::2, x::2])
            found["imitation"] = copied.detach()
            loss = loss + imitate * copied
        maps, taught = heatmaps(batch.points, joints.shape[2:], STRIDE, _SIGMA)
        points = keypoint_loss(joints, maps, taught)
        found["points"] = points.detach()
        (loss + self.recipe.keypoints * points).backward()
        return found

    @torch.no_grad()
    def probabilities(self, images: Tensor, size: Sequence[int]) -> Tensor:
        """(b, classes, height, width) that the mean says, ``size`` being (height, width)."""
        with self._precision():
            logits, _ = self.mean(images)
        return enlarge(logits.float(), size).softmax(1)

    def _precision(self) -> torch.autocast:
        """Half precision where it is fast."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Raises RuntimeError, KeyError or ValueError where the state is another network's."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        for other in self.nets[1:]:
            other.load_state_dict(state["net"])


def agree(opinions: Sequence[Tensor], allowed: Tensor) -> Tensor:
    """The mean of (b, classes, h, w) probabilities within what (b, classes) may occur, scaled to sum up to one."""
    mean = torch.stack(list(opinions)).mean(0) * allowed[:, :, None, None]
    return functional.normalize(mean, p=1, dim=1)
