"""The recipe of a reader."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from streetshop.lab.core.parts import Part
from streetshop.lab.nets.reader import SIDE_STEP, Learns
from streetshop.lab.train.parts import FitPart, Positive, RecipePart, Share, StagePart, Workers

Side = Annotated[int, Field(ge=2 * SIDE_STEP, le=2048, multiple_of=SIDE_STEP)]


class ReaderInput(Part):
    """Size of a photo as the bundle's network sees it; photos of another shape get as many pixels."""

    height: Side = 384
    width: Side = 256


class ReaderBackbone(Part):
    """``weights``: imagenet, or none."""

    name: Literal["efficientnet_lite0", "efficientnet_lite2"] = "efficientnet_lite0"
    weights: Literal["imagenet", "none"] = "imagenet"


class ReaderModel(Part):
    """The network, see :class:`streetshop.lab.nets.reader.ReaderNet`.

    Attributes:
        channels: of the coarse levels of the feature pyramid.
        detail: channels of the level of stride 2; 0: none.
        guided: radius of the guided filter that the exported network ends with; 0: none. Training does without it.
    """

    backbone: ReaderBackbone = ReaderBackbone()
    channels: Annotated[int, Field(ge=16, le=512, multiple_of=4)] = 128
    detail: Annotated[int, Field(ge=0, le=128)] = 0
    guided: Annotated[int, Field(ge=0, le=16)] = 0


class ReaderLosses(Part):
    """Weights in the loss.

    Attributes:
        class_power, class_limit: a class weighs frequency ** -class_power, scaled to a mean of 1, at most class_limit.
        lovasz: of the Lovász-softmax loss beside the cross-entropy.
        keypoints: of the keypoint loss; 0 needs no keypoints.
    """

    class_power: Share = 0.35
    class_limit: Annotated[float, Field(gt=0)] = 5.0
    lovasz: Annotated[float, Field(ge=0)] = 0.6
    keypoints: Annotated[float, Field(ge=0)] = 0.3


class SharesPart(Part):
    """How often each source is drawn; they are scaled to add up to one.

    ``labelled``: photos with pixel labels. ``tagged``: photos whose classes are known, labelled by pseudo-labels.
    ``single``: photos of one garment, with its cut-out.
    """

    labelled: Share = 1.0
    tagged: Share = 0.0
    single: Share = 0.0


class ReaderStage(StagePart):
    """A stage at one input size.

    Attributes:
        photos: length; each photo is seen as a new view.
        learns: ``all`` of the network, its ``body`` without the level of stride 2, or that level, the ``detail``,
            alone, from the averaged weights.
        plain: share of the views whose background is replaced by a light one, as on a product page.
        composites: share of the labelled photos whose person is given a garment of another photo.
    """

    photos: Positive
    height: Side
    width: Side
    learns: Learns = "all"
    shares: SharesPart = SharesPart()
    plain: Share = 0.0
    composites: Share = 0.0

    @property
    def length(self) -> int:
        """Photos."""
        return self.photos


class BalancePart(FitPart):
    """Balances the classes: each logit gets the constant that is best for mIoU plus accuracy on validation photos."""

    fit: Literal["balance"]


class ArticlesPart(FitPart):
    """Fits the head that names articles which nobody wears, a logistic regression.

    ``strength``: inverse of its regularisation (scikit-learn's C).
    """

    fit: Literal["articles"]
    strength: Annotated[float, Field(gt=0)] = 0.03


def _tag(stage: Any) -> str:
    fit = stage.get("fit") if isinstance(stage, dict) else getattr(stage, "fit", None)
    return "trained" if fit is None else str(fit)


AnyStage = Annotated[
    Annotated[ReaderStage, Tag("trained")]
    | Annotated[BalancePart, Tag("balance")]
    | Annotated[ArticlesPart, Tag("articles")],
    Discriminator(_tag),
]


class ReaderRecipe(RecipePart):
    """A run that trains a reader on the public data sets.

    Attributes:
        labelled: numbers of the photos whose pixel labels it learns from; None: all training photos.
        singles: photos of single garments to load, spread over the classes.
        sure: least probability of a pseudo-label.
    """

    kind: Literal["reader"]
    ema: Annotated[float, Field(gt=0, lt=1)] | None = 0.99
    input: ReaderInput = ReaderInput()
    model: ReaderModel = ReaderModel()
    losses: ReaderLosses = ReaderLosses()
    workers: Workers = 1
    labelled: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    singles: Annotated[int, Field(ge=0)] = 1200
    sure: Share = 0.6
    stages: Annotated[tuple[AnyStage, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> ReaderRecipe:
        if not self.model.detail and any(stage.learns == "detail" for stage in self.trained):
            raise ValueError("a stage trains the level of stride 2, and there is none (model.detail: 0)")
        if self.model.guided and not self.model.detail:
            raise ValueError("the guided filter needs the level of stride 2, and there is none (model.detail: 0)")
        return self

    @property
    def trained(self) -> tuple[ReaderStage, ...]:
        """The stages with gradients."""
        return tuple(stage for stage in self.stages if isinstance(stage, ReaderStage))

    @property
    def articles(self) -> ArticlesPart | None:
        """The stage that fits the head for articles, if there is one."""
        return next((stage for stage in self.stages if isinstance(stage, ArticlesPart)), None)

    @property
    def needs_clothing(self) -> bool:
        """Whether it learns from the Clothing dataset."""
        return self.articles is not None or any(stage.shares.single for stage in self.trained)
