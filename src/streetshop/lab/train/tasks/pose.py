"""A pose network for one person (Xiao, Wu and Wei 2018), which method 3 keeps apart from detection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from streetshop.core.errors import RunError
from streetshop.lab.core.devices import Place
from streetshop.lab.core.seeds import AUGMENT, PLAN, WEIGHTS, generator, torch_seed
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.persons import SWAPPED, PosedPerson, Turn, cut_out, persons_of, torso
from streetshop.lab.evaluate.dense import pck
from streetshop.lab.losses.dense import heatmaps
from streetshop.lab.nets.person import PoseNet
from streetshop.lab.train.person_recipes import PoseRecipe
from streetshop.lab.train.task import Length, Position, Task, Update, Validation, Values, build_optimiser, group

_AT_ONCE: Final = 32
_ALPHA: Final = 0.2
"""Share of the torso within which a keypoint counts as right."""


@dataclass(frozen=True, eq=False)
class PoseBatch:
    """Pixels (b, 3, h, w) from 0 to 255, and keypoints (b, 17, 3) in pixels of the input."""

    pixels: Tensor
    points: Tensor

    @property
    def pictures(self) -> int:
        """Persons of the batch."""
        return len(self.pixels)


class PoseTask(Task[PoseRecipe, PoseBatch]):
    """A :class:`PoseNet` on cut-outs of persons; an epoch is a pass of the training persons."""

    devices = ("cpu", "cuda")
    network: PoseNet
    judged: PoseNet

    def __init__(self, recipe: PoseRecipe, manifest: Manifest, place: Place, *, threads: int = 1) -> None:
        """Raises :class:`RunError` when no training person has keypoints."""
        self.size = (recipe.input.height, recipe.input.width)
        persons = persons_of(manifest, self.size)
        self.train = [person for person in persons if person.row.split == "train"]
        self.val = [person for person in persons if person.row.split == "val"]
        if not self.train:
            raise RunError("no training row has keypoints", where=manifest.name or "manifest")
        self.threads = threads
        torch.manual_seed(torch_seed(recipe.seed, WEIGHTS))
        network = PoseNet(
            recipe.backbone.name,
            layers=recipe.layers,
            channels=recipe.channels,
            weights=recipe.backbone.weights,
            size=self.size,
        )
        super().__init__(recipe, place, network)
        self.network.to(memory_format=torch.channels_last)

    def length(self, index: int) -> Length:
        """An epoch is a pass of the training persons."""
        stage = self.recipe.stages[index]
        batches = -(-len(self.train) // stage.batch)
        return Length(stage.epochs * batches, batches)

    def begin(self, index: int, *, resumed: bool) -> dict[str, torch.optim.Optimizer]:
        """One optimiser, the backbone at a rate of its own."""
        stage = self.recipe.stages[index]
        decay = stage.optimiser.weight_decay
        groups = [
            group(self.network.heatmaps.parameters(), stage.rate.head, decay),
            group(self.network.backbone.parameters(), stage.rate.of_backbone, decay),
        ]
        return {"all": build_optimiser(stage.optimiser, groups)}

    def batches(self, at: Position) -> Iterator[PoseBatch]:
        """The rest of the epoch, its persons in a random order, each turned anew."""
        recipe, stage = self.recipe, self.recipe.stages[at.stage]
        order = generator(recipe.seed, PLAN, at.stage, at.epoch).permutation(len(self.train))
        with ThreadPoolExecutor(self.threads) as pool:
            for number in range(at.batch, -(-len(order) // stage.batch)):
                chosen = [self.train[i] for i in order[number * stage.batch : (number + 1) * stage.batch]]
                rng = generator(recipe.seed, AUGMENT, at.stage, at.epoch, number)
                part = recipe.augment
                turns = [
                    Turn(
                        1 + part.scale * float(rng.uniform(-1, 1)),
                        part.rotate * float(rng.uniform(-1, 1)),
                        part.flip and bool(rng.random() < 0.5),
                    )
                    for _ in chosen
                ]
                yield self._load(chosen, turns, pool)

    def _load(self, persons: Sequence[PosedPerson], turns: Sequence[Turn], pool: ThreadPoolExecutor) -> PoseBatch:
        ground = self.recipe.input.background
        cut = list(pool.map(lambda person, turn: cut_out(person, self.size, turn, background=ground), persons, turns))
        pixels = torch.from_numpy(np.stack([picture for picture, _ in cut])).permute(0, 3, 1, 2).float()
        points = torch.from_numpy(np.stack([points for _, points in cut])).float()
        return PoseBatch(pixels.to(self.place.device), points.to(self.place.device))

    def learn(self, batch: PoseBatch, at: Position, update: Update) -> Values:
        """Mean squared error of the heatmaps of labelled points."""
        found = self.network(batch.pixels)
        loss = pose_loss(found, batch.points, self.size, self.recipe.sigma)
        update(loss)
        return {"loss": loss}

    @torch.inference_mode()
    def validate(self, at: Position) -> Validation:
        """PCK at 0.2 of the torso, of the visible points of the validation persons."""
        network = self.judged.eval()
        wanted, found = [], []
        with ThreadPoolExecutor(self.threads) as pool:
            for start in range(0, len(self.val), _AT_ONCE):
                persons = self.val[start : start + _AT_ONCE]
                batch = self._load(persons, [Turn()] * len(persons), pool)
                wanted.append(batch.points.cpu().numpy())
                found.append(locate(network, batch.pixels).cpu().numpy())
        if not wanted:
            return Validation(text="no validation persons")
        truth, peaks = np.concatenate(wanted).astype(np.float64), np.concatenate(found)
        scale = torso(list(truth))
        whole = ~np.isnan(scale)
        if not whole.any():
            return Validation(text="no validation person with a whole torso")
        visible = truth[whole][:, :, 2] == 2
        share = float(np.nanmean(pck(peaks[whole], truth[whole][:, :, :2], visible, scale[whole], _ALPHA)))
        return Validation(share, f"PCK@{_ALPHA} {share:.3f} of {int(whole.sum())} persons", {"val/pck": share})


def pose_loss(found: Tensor, points: Tensor, size: tuple[int, int], sigma: float) -> Tensor:
    """Mean squared error of heatmaps over labelled keypoints (Xiao et al. 2018, section 2).

    Args:
        found: (b, 17, h, w).
        points: (b, 17, 3) x, y in pixels of the input and COCO's visibility; those of visibility 0 do not count.
        size: (height, width) of the input.
        sigma: of the Gaussians, in heatmap pixels.
    """
    labelled = points[..., 2] > 0
    shown = torch.cat([points[..., :2], torch.where(labelled, 2.0, 0.0)[..., None]], -1)
    target, _ = heatmaps(shown, (found.shape[2], found.shape[3]), size[0] // found.shape[2], sigma)
    off = ((found - target) ** 2).mean((2, 3))
    return (off * labelled).sum() / labelled.sum().clamp(min=1)


def locate(network: PoseNet, pixels: Tensor) -> Tensor:
    """(b, 17, 2) x, y of keypoints in pixels of the input.

    The heatmaps of a picture and of its mirror image are averaged; the peak moves a quarter of a pixel towards its
    higher neighbour, as in the paper.
    """
    found = network(pixels)
    mirrored = network(pixels.flip(3))[:, SWAPPED].flip(3)
    maps = (found + mirrored) / 2
    b, joints, h, w = maps.shape
    place = maps.flatten(2).argmax(2)
    x, y = place % w, place // w
    padded = functional.pad(maps, (1, 1, 1, 1), mode="replicate").flatten(2)

    def at(dx: int, dy: int) -> Tensor:
        return padded.gather(2, ((y + 1 + dy) * (w + 2) + x + 1 + dx)[..., None])[..., 0]

    shift = torch.stack([(at(1, 0) - at(-1, 0)).sign(), (at(0, 1) - at(0, -1)).sign()], -1) / 4
    stride = pixels.shape[2] / h
    centers = torch.stack([x, y], -1) + 0.5 + shift
    return centers.view(b, joints, 2) * stride
