"""From the parts of an embedding recipe to networks, losses and miners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from streetshop.core.errors import RecipeError, UsageError
from streetshop.lab import losses as terms
from streetshop.lab.data.labels import Vocabulary, several_key
from streetshop.lab.losses.base import LossInput, LossTerm, Triplets
from streetshop.lab.nets import AttentionHead, Block, BlockHead, Encoder, Encoding, Streams, build_backbone
from streetshop.lab.nets.backbones import Backbone
from streetshop.lab.sampling import Miner
from streetshop.lab.train.embedding_parts import Labelled, LossPart
from streetshop.lab.train.recipe import EmbeddingRecipe, EmbeddingStage


def check_recipe(recipe: EmbeddingRecipe) -> None:
    """What only the network itself can say: that it takes the input, and has the layers to freeze. Costs no memory.

    Raises :class:`RecipeError`.
    """
    with torch.device("meta"):
        backbone = _backbone(recipe, weights="none")
    layers = len(backbone.layers())
    for index, stage in enumerate(recipe.stages):
        if stage.frozen > layers:
            raise RecipeError(
                f"{stage.frozen} layers of {recipe.model.backbone.name} cannot be frozen: it has {layers}",
                where=f"{recipe.name}: stages.{index}.frozen",
                hint=f"Use at most {layers}",
            )


def build_streams(recipe: EmbeddingRecipe, classes: Mapping[str, Vocabulary], *, pretrained: bool = True) -> Streams:
    """The recipe's network, streams shared. ``pretrained=False`` leaves the backbone's starting weights out."""
    backbone = _backbone(recipe, weights=recipe.model.backbone.weights if pretrained else "none")
    part = recipe.model.head
    if part.kind == "attention":
        head: BlockHead | AttentionHead = AttentionHead(
            backbone.channels,
            max(len(classes[part.target]), 1),
            name=part.name,
            pooling=part.pooling,
            steps=part.steps,
            size=part.size,
            hidden=part.hidden,
            region=part.region,
            codewords=part.codewords,
        )
    else:
        blocks = [Block(b.name, b.dim, b.pooling, b.batch_norm) for b in part.trained]
        head = BlockHead(backbone.channels, blocks, normalise=part.normalise, dropout=part.dropout)
    return Streams(Encoder(backbone, head))


def _backbone(recipe: EmbeddingRecipe, weights: str) -> Backbone:
    part = recipe.model.backbone
    try:
        return build_backbone(part.name, weights=weights, size=(recipe.input.height, recipe.input.width))
    except UsageError as error:
        raise RecipeError(error.what, where=f"{recipe.name}: {error.where}", hint=error.hint) from None


def targets_of(recipe: EmbeddingRecipe) -> tuple[list[str], list[str]]:
    """Targets with one label a row, and targets with several, that the recipe's losses learn from."""
    single, several = ["product", "category"], []
    if recipe.model.head.kind == "attention":
        several.append(recipe.model.head.target)
    for stage in recipe.stages:
        for loss in stage.losses:
            if loss.kind == "multilabel_euclidean":
                several.append(loss.target)
            elif loss.kind in ("cross_entropy", "arcface", "center"):
                single.append(loss.target)
    return single, several


class StageLoss(nn.Module):
    """A stage's terms, added up."""

    def __init__(
        self, recipe: EmbeddingRecipe, stage: EmbeddingStage, encoder: Encoder, classes: Mapping[str, Vocabulary]
    ):
        super().__init__()
        self.terms = nn.ModuleDict()
        self.weights: dict[str, float] = {}
        self.left_out: list[str] = []
        for part in stage.losses:
            key = _key(part)
            if isinstance(part, Labelled) and len(classes[part.target]) < 2:
                if not part.optional:
                    raise RecipeError(
                        f"the loss {part.kind} has nothing to learn: the training rows hold "
                        f"{len(classes[part.target])} classes of {part.target!r}",
                        where=f"{recipe.name}: stage {stage.name}",
                        hint="Use another manifest, or leave this loss out (optional: true does so)",
                    )
                self.left_out.append(f"{part.kind} of {part.target}")
                continue
            if key in self.terms:
                raise RecipeError(f"the loss {key} is there twice", where=f"{recipe.name}: stage {stage.name}")
            self.terms[key] = _term(part, encoder, classes)
            self.weights[key] = part.weight
        if not self.terms:
            raise RecipeError(
                f"no loss has anything to learn from ({', '.join(self.left_out)})",
                where=f"{recipe.name}: stage {stage.name}",
                hint="Use another manifest",
            )

    def forward(self, given: LossInput) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum, and each term before its weight."""
        parts = {key: term(given) for key, term in self.terms.items()}
        return sum(self.weights[key] * value for key, value in parts.items()), parts

    def take_over(self, earlier: StageLoss | None) -> None:
        """Start equal terms (same kind, vector and target) from the weights of an earlier stage's."""
        for key, term in self.terms.items():
            if earlier is not None and key in earlier.terms:
                state = earlier.terms[key].state_dict()
                mine = term.state_dict()
                if state.keys() == mine.keys() and all(state[k].shape == mine[k].shape for k in mine):
                    term.load_state_dict(state)


def _key(part: LossPart) -> str:
    target = getattr(part, "target", "")
    return "_".join(x for x in (part.kind, "" if part.on == "embedding" else part.on, target) if x).replace(".", "_")


def _term(part: LossPart, encoder: Encoder, classes: Mapping[str, Vocabulary]) -> LossTerm:
    dim = {"embedding": sum(encoder.dims.values()), "features": encoder.backbone.channels, **encoder.dims}[part.on]
    if part.kind == "triplet":
        return terms.TripletLoss(margin=part.margin, distance=part.distance, on=part.on)
    if part.kind == "weighted_triplet":
        return terms.WeightedTripletLoss(margin=part.margin, alpha=part.alpha, on=part.on)
    if part.kind == "diversity":
        return terms.Diversity()
    if part.kind == "localisation":
        steps = encoder.head.branch.steps if isinstance(encoder.head, AttentionHead) else 1
        return terms.Localisation(steps=steps, anchor=part.anchor, positive=part.positive)
    if part.kind == "multilabel_euclidean":
        return terms.MultiLabelEuclidean(target=several_key(part.target))
    labelled: dict[str, Any] = {
        "target": part.target,
        "classes": len(classes[part.target]),
        "dim": dim,
        "on": part.on,
    }
    if part.kind == "cross_entropy":
        return terms.CrossEntropy(smoothing=part.smoothing, **labelled)
    if part.kind == "arcface":
        return terms.ArcFace(margin=part.margin, scale=part.scale, **labelled)
    return terms.CenterLoss(rate=part.center_rate, **labelled)


class TrainingStep(nn.Module):
    """Pixels to a loss: what a distributed run wraps as one module.

    The network runs in the recipe's precision; miners and losses in fp32.
    """

    def __init__(self, streams: Streams, loss: StageLoss, miner: Miner | None, precision: str) -> None:
        super().__init__()
        self.streams, self.loss, self.miner = streams, loss, miner
        self.dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]

    def forward(
        self, pixels: Tensor, shop: Tensor, targets: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor], int]:
        """Loss, its terms, and the number of triplets that were mined."""
        with torch.autocast(pixels.device.type, dtype=self.dtype, enabled=self.dtype is not None):
            encoding = self.streams(pixels, shop)
        with torch.autocast(pixels.device.type, enabled=False):
            encoding = _float(encoding)
            triplets: Triplets | None = None
            if self.miner is not None:
                triplets = self.miner(encoding.embedding, targets["product"], shop)
            total, parts = self.loss(LossInput(encoding, targets, triplets))
        return total, parts, 0 if triplets is None else len(triplets[0])


def _float(encoding: Encoding) -> Encoding:
    regions = encoding.regions
    if regions is not None:
        regions = type(regions)(*(value.float() for value in vars(regions).values()))
    return Encoding(
        encoding.features.float(),
        {name: value.float() for name, value in encoding.blocks.items()},
        encoding.embedding.float(),
        regions,
    )


def build_miner(stage: EmbeddingStage) -> Miner | None:
    """The stage's miner, if it has one."""
    part = stage.miner
    if part is None:
        return None
    return Miner(part.kind, margin=part.margin, distance=part.distance, cross=part.cross)
