"""What every detector is: scaled pixels to boxes, and to the losses of true boxes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from streetshop.lab.nets.backbones import PixelScale


@dataclass(frozen=True, eq=False)
class Target:
    """What is true in one picture.

    Attributes:
        boxes: (n, 4) float32 x0, y0, x1, y1 in pixels of the input.
        labels: (n,) int64 class numbers from 0.
        masks: (n, height, width) uint8; None where the network has no head for masks.
    """

    boxes: Tensor
    labels: Tensor
    masks: Tensor | None = None


class Detector(nn.Module, ABC):
    """A network that finds boxes.

    Attributes:
        scale: how pixels become input values.
        has_masks: whether it gives masks.
    """

    scale: PixelScale
    has_masks: bool = False

    @abstractmethod
    def losses(self, images: Tensor, targets: Sequence[Target]) -> tuple[Tensor, dict[str, Tensor]]:
        """What is minimised, and its terms, of (b, 3, h, w) scaled pixels."""

    @abstractmethod
    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The (1, 3, h, w) scaled pixels of a photo to what it shows; also what the exported network computes.

        Returns:
            (n, 4) corners in pixels of the input; (n,) scores from 0 to 1; (n,) int64 class numbers from 0; and, with
            :attr:`has_masks`, (n, 28, 28) probabilities, each stretched over its box.
        """

    @abstractmethod
    def levels(self) -> list[nn.Module]:
        """The parts of the backbone, bottom first."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what :meth:`forward` returns."""
        return ("boxes", "scores", "labels", *(("masks",) if self.has_masks else ()))

    def backbone_parameters(self) -> list[nn.Parameter]:
        """Parameters of :meth:`levels`."""
        return [parameter for level in self.levels() for parameter in level.parameters()]

    def head_parameters(self) -> list[nn.Parameter]:
        """All other parameters."""
        backbone = {id(parameter) for parameter in self.backbone_parameters()}
        return [parameter for parameter in self.parameters() if id(parameter) not in backbone]

    def freeze(self, count: int) -> None:
        """Let the lowest ``count`` levels of the backbone rest, and all others learn."""
        for index, level in enumerate(self.levels()):
            for parameter in level.parameters():
                parameter.requires_grad_(index >= count)

    def still(self) -> Iterator[nn.BatchNorm2d]:
        """The batch norms of the backbone, whose statistics small batches would spoil."""
        for level in self.levels():
            yield from (module for module in level.modules() if isinstance(module, nn.BatchNorm2d))
