"""The shapes of requests and answers, as the OpenAPI document shows them. Field docs say units."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from streetshop.core.kinds import KINDS
from streetshop.web.settings import MAX_ATTRIBUTES, MAX_SHOTS

BoxOut = Annotated[list[float], Field(min_length=4, max_length=4, description="x0, y0, x1, y1 in pixels, half-open")]
PointOut = Annotated[list[float], Field(min_length=2, max_length=2, description="x, y in pixels")]


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:streetshop:problem:photo-truncated",
                "title": "Photo truncated",
                "status": 422,
                "detail": "the file ends early.",
                "hint": "Send the whole file again.",
                "instance": "urn:streetshop:request:5c1f0a9e4b7d",
            }
        }
    )
    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    instance: str | None = None


class ShotOut(BaseModel):
    """A picture of a product."""

    image: str = Field(description="Path of its thumbnail on this server")
    sha256: str


class PredictionOut(BaseModel):
    """The value of an attribute as the models see it in the product's pictures."""

    value: str
    probability: float = Field(description="That it is right, 0 to 1")


class ProductOut(BaseModel):
    """A product of the catalog."""

    id: str
    title: str
    category: str
    brand: str
    price: float | None
    currency: str
    url: str | None = Field(description="http or https, else null")
    in_stock: bool | None
    kind: str | None = Field(description="Article group; null when unknown")
    kind_source: str | None = Field(description="column, mapping, number, category, title or picture")
    kind_probability: float | None = Field(description="That the kind is right, 0 to 1")
    design: str | None = Field(description="Products of one design differ in size or colour only")
    attributes: dict[str, str | float | bool]
    predicted: dict[str, PredictionOut] = Field(
        description="Attributes that the feed lacks, predicted from its pictures or words"
    )
    image: str | None = Field(description="Path of the best shot's thumbnail on this server")
    shots: list[ShotOut]


class VariantOut(BaseModel):
    """Another product of a design."""

    id: str
    title: str
    price: float | None
    currency: str
    url: str | None = Field(description="http or https, else null")
    in_stock: bool | None
    attributes: dict[str, str | float | bool]
    image: str | None = Field(description="Path of its thumbnail on this server")


class ExplanationOut(BaseModel):
    """What a score rests on."""

    shares: dict[str, float] = Field(description="Of each block in the score")
    colours: dict[str, float] = Field(description="Colours both have, with their shares of the agreement in colour")


class MatchOut(ProductOut):
    """A product that answers a query."""

    score: float | None = Field(
        description="Probability that a person calls the two alike, 0 to 1; null when the encoder is not calibrated, "
        "and in a search by words alone"
    )
    closeness: Literal["very close", "similar", "loosely similar"] | None = Field(description="The score in words")
    similarity: float = Field(
        description="Weighted mean of the blocks' cosines, -1 to 1; in a search by words alone their relevance, 0 to 1"
    )
    shot: int = Field(description="Index of the nearest shot")
    blocks: dict[str, float] = Field(description="Cosine of each block; empty in a search by words alone")
    explanation: ExplanationOut | None = Field(None, description="With `explain=true`")
    words: list[str] = Field(description="Words of the searched text that the product has")
    variants: list[VariantOut] = Field(description="The other sizes and colours of the design")


class GarmentOut(BaseModel):
    """A garment of the photo."""

    category: str
    score: float = Field(description="Probability that it is there and of that category")
    kinds: dict[str, float] = Field(description="Probability of each kind that it may be")
    box: BoxOut
    hotspot: PointOut


class MaskOut(BaseModel):
    """Which pixels are garment: a one-channel PNG stretched over the garment's box."""

    png: str = Field(description="base64")


class FoundOut(BaseModel):
    """The products nearest to a garment."""

    matches: list[MatchOut]
    searched: dict[str, float] = Field(description="Kinds searched, with their probabilities; empty for all")
    lacking: Literal["kind", "filter", "min_score", "closeness"] | None = Field(
        description="Why there are no matches: the shop sells none of these kinds, none passes the filter, or none has "
        "the least score; closeness: there are matches, but the best is only loosely similar"
    )
    others: list[MatchOut] = Field(
        description="When something is lacking: the nearest products of other kinds; for closeness only similar ones"
    )


class SizeOut(BaseModel):
    """Of the upright photo, in pixels."""

    width: int
    height: int


class ViewPhotoOut(SizeOut):
    """One of several photos of a garment."""

    name: str


class ViewOut(GarmentOut):
    """A garment in one of several photos."""

    photo: ViewPhotoOut
    garment: int = Field(description="Index of the garment in the photo")
    similarity: float = Field(description="To the mean of all photos, -1 to 1")


class GarmentAnswerOut(GarmentOut, FoundOut):
    """A garment of the photo with the products nearest to it."""

    vector: str | None = Field(None, description="When asked for: its vector, base64 of little-endian float32")
    mask: MaskOut | None = None
    views: list[ViewOut] | None = Field(None, description="With `one_garment=true`: the garment in each photo")


class SearchOut(BaseModel):
    """Answer to a photo search."""

    garments: list[GarmentAnswerOut]
    photo: SizeOut
    reader: str | None = Field(description="Name and version; null if photos are taken whole")
    weights: dict[str, float] = Field(description="Of every block, as used")


class MatchesOut(BaseModel):
    """Products, nearest first."""

    matches: list[MatchOut]
    weights: dict[str, float]


class VectorSearchOut(FoundOut):
    """Answer to a search by vector."""

    weights: dict[str, float] = Field(description="Of every block, as used")


class KeypointOut(BaseModel):
    """A point of the body."""

    name: str
    x: float
    y: float
    visibility: int = Field(description="0 unknown, 1 hidden, 2 visible")
    score: float


View = Literal["front", "back", "left", "right", "detail"]


class FramingOut(BaseModel):
    """How a person is shown."""

    full_shot: bool | None = Field(description="Whether both eyes and both ankles are visible")
    full_shot_probability: float | None = Field(description="null where a rule on the keypoints decided")
    view: View | None
    view_probabilities: dict[View, float] = Field(description="Of each view; empty where a rule decided")


class PersonOut(FramingOut):
    """A person in the photo."""

    box: BoxOut
    keypoints: list[KeypointOut]


class LookGarmentOut(GarmentOut):
    """A garment of a look."""

    person: int | None = Field(description="Index into persons")
    mask: MaskOut | None = None


class LookOut(FramingOut):
    """What was read in a photo; view and full shot are those of the largest person."""

    photo: SizeOut
    reader: str | None
    garments: list[LookGarmentOut]
    persons: list[PersonOut]


class BlockOut(BaseModel):
    """A part of every vector."""

    name: str
    dim: int
    weight: float = Field(description="Default weight of a search")


class PresetOut(BaseModel):
    """Named weights, for the field `weights`."""

    name: str
    weights: dict[str, float] = Field(description="Of every block")


class ValueOut(BaseModel):
    """A common value of a text field."""

    value: str
    count: int


class FieldOut(BaseModel):
    """A field that a filter may use."""

    name: str
    type: Literal["text", "number", "boolean"]
    values: list[ValueOut] = Field(description="Of a text field, commonest first")
    bounds: list[float] | None = Field(description="Smallest and largest value of a number field")


class LimitsOut(BaseModel):
    """What a request may ask for."""

    photo_bytes: int
    photo_pixels: int
    k: int
    offset: int
    boxes: int
    photos: int = Field(description="Of one garment")
    filter_characters: int
    text_characters: int


class CatalogOut(BaseModel):
    """The catalog being served."""

    products: int
    shots: int
    indexed: int = Field(description="Shots in the approximate index; the others are searched exactly")
    recall: float | None = Field(description="Of the approximate index, measured when it was built")
    generation: int
    kinds: dict[str, int] = Field(description="Products by the source of their kind; `unknown` have none")
    looks: int = Field(description="Products with a stored look, see `GET /v1/products/{product_id}/look`")
    encoder: str
    fingerprint: str
    reader: str | None
    formats: list[str] = Field(description="Picture formats that can be read")
    blocks: list[BlockOut]
    presets: list[PresetOut]
    fields: list[FieldOut]
    samples: list[ProductOut] = Field(description="A few products, to begin with")
    limits: LimitsOut


class StatusOut(BaseModel):
    """Whether the server is well."""

    status: Literal["ok", "not ready"]
    reason: str | None = None


class ProductIn(BaseModel):
    """What ``PUT`` takes in the field ``product``; the id is in the path."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "title": "Linen shirt",
                "category": "shirt",
                "brand": "Nord",
                "price": 59.9,
                "currency": "EUR",
                "url": "https://shop.example/p/4711",
                "in_stock": True,
                "attributes": {"colour": "white", "season": "summer"},
            }
        },
    )
    id: Annotated[str, Field(max_length=256)] | None = None
    title: Annotated[str, Field(max_length=1_000)] = ""
    category: Annotated[str, Field(max_length=200)] = ""
    brand: Annotated[str, Field(max_length=200)] = ""
    price: Annotated[FiniteFloat, Field(ge=0)] | None = None
    currency: Annotated[str, Field(max_length=8)] = ""
    url: Annotated[str, Field(max_length=2_000, pattern=r"^(https?://.+)?$")] = ""
    in_stock: bool | None = None
    kind: Annotated[str, Field(pattern=f"^({'|'.join(KINDS)})?$")] = ""
    design: Annotated[str, Field(max_length=256)] = ""
    attributes: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")],
            Annotated[str, Field(max_length=2_000)] | bool | FiniteFloat,
        ],
        Field(max_length=MAX_ATTRIBUTES),
    ] = {}


class ProductPatch(BaseModel):
    """A JSON merge patch (RFC 7396) of a product: fields that are missing stay, null empties one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"price": 49.9, "in_stock": False}})
    id: Annotated[str, Field(max_length=256)] | None = None
    title: Annotated[str, Field(max_length=1_000)] | None = None
    category: Annotated[str, Field(max_length=200)] | None = None
    brand: Annotated[str, Field(max_length=200)] | None = None
    price: Annotated[FiniteFloat, Field(ge=0)] | None = None
    currency: Annotated[str, Field(max_length=8)] | None = None
    url: Annotated[str, Field(max_length=2_000, pattern=r"^(https?://.+)?$")] | None = None
    in_stock: bool | None = None
    kind: Annotated[str, Field(pattern=f"^({'|'.join(KINDS)})?$")] | None = None
    design: Annotated[str, Field(max_length=256)] | None = None
    attributes: (
        Annotated[
            dict[
                Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")],
                Annotated[str, Field(max_length=2_000)] | bool | FiniteFloat | None,
            ],
            Field(max_length=MAX_ATTRIBUTES),
        ]
        | None
    ) = None


class PictureIn(BaseModel):
    """A picture of a line of a bulk request: exactly one of the two."""

    model_config = ConfigDict(extra="forbid")
    data: str | None = Field(None, description="The file in base64")
    url: Annotated[str, Field(max_length=4_096)] | None = Field(
        None, description="http or https; only if the server was started with `--fetch`"
    )


class BulkLineIn(BaseModel):
    """A line of a bulk request."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"op": "patch", "id": "4711", "product": {"price": 49.9}}},
    )
    op: Literal["put", "patch", "delete"] = "put"
    id: Annotated[str, Field(max_length=256)]
    product: dict[str, Any] | None = Field(None, description="As for PUT, or the merge patch of PATCH")
    pictures: Annotated[list[PictureIn], Field(max_length=MAX_SHOTS)] = Field(
        default=[], description="Of `put`: the first is the main one. Without any, the stored ones stay."
    )
    if_match: str | None = Field(None, description="As the header `If-Match`")


class BulkLineOut(BaseModel):
    """The result of a line of a bulk request."""

    line: int = Field(description="Of the request, from 1")
    id: str | None = Field(description="null if it cannot be read")
    status: int = Field(description="As the single request would answer: 200, 201, 204, or that of the problem")
    etag: str | None = Field(None, description="Of the stored product")
    type: str | None = Field(None, description="Of the problem, with `detail`, and `hint` and `where` if there are any")
    detail: str | None = None
    hint: str | None = None
    where: str | None = None


class WebhookOut(BaseModel):
    """Answer to a webhook."""

    done: Literal["noted", "known", "ignored"] = Field(
        description="The product will be read again; the delivery was known; it names no product"
    )


class VectorSearchIn(BaseModel):
    """A search by the vector of an earlier answer: no picture, so no decoding and no encoding."""

    model_config = ConfigDict(extra="forbid")
    vector: Annotated[str, Field(max_length=200_000, description="base64 of little-endian float32")]
    k: int | None = None
    filter: str | None = None
    weights: Annotated[
        Annotated[str, Field(max_length=64)] | Annotated[dict[str, float], Field(max_length=64)] | None,
        Field(description="The name of a preset, or how much blocks count"),
    ] = None
    kinds: Annotated[list[str], Field(max_length=32, description="any, or names of kinds")] | None = None
    searched: Annotated[
        dict[Annotated[str, Field(pattern=f"^({'|'.join(KINDS)})$")], Annotated[float, Field(ge=0, le=1)]],
        Field(description="`searched` of the earlier answer: its kinds, with their probabilities; instead of `kinds`"),
    ] = {}
    variants: Literal["design", "all"] = "design"
    offset: int = 0
    explain: bool = Field(False, description="Every match says what its score rests on")
    diverse: float = Field(0.0, description="How much the results are to differ from each other, 0 to 1")
    text: Annotated[str, Field(description="Products with all of these words come first")] | None = None
    min_score: FiniteFloat = 0.0


class PageProductOut(BaseModel):
    """The product that a page sells."""

    id: str | None
    source: Literal["given", "recognised", "unknown"] = Field(
        description="Given by the caller, recognised in the catalog by the page's pictures, or unknown"
    )
    in_catalog: bool
    kind: str | None = Field(description="Of an unknown product, the kind that most of the page shows")


class PagePictureOut(BaseModel):
    """A picture of a page."""

    path: str = Field(description="The file name that was sent; of a stored look `shots[N]` of the product")
    index: int = Field(description="Of the picture in the page, counted from 0")
    image: str | None = Field(None, description="Path of its thumbnail on this server, if the catalog has the picture")


class ChosenOut(PagePictureOut):
    """The picture that is shown."""

    view: Literal["front", "back", "left", "right", "detail"] | None
    full_shot: bool | None
    width: int = Field(description="In pixels")
    height: int = Field(description="In pixels")
    fallback: str | None = Field(description="Why it is no full shot from the front; null if it is one")


class RefusedOut(PagePictureOut):
    """A picture that is not shown."""

    reason: str


class PersonOfPageOut(BaseModel):
    """A person in the chosen picture, from the largest; each has a look of its own."""

    box: BoxOut
    garments: list[int] = Field(description="Indices of what the person wears")


class PageGarmentOut(BaseModel):
    """A garment of the look."""

    category: str
    primary: bool = Field(description="Whether it is the product of the page")
    score: float = Field(description="Probability that it is there and of that category")
    kinds: dict[str, float] = Field(description="Probability of each kind that it may be")
    box: BoxOut
    hotspot: Annotated[
        list[float],
        Field(min_length=2, max_length=2, description="x, y of its marker, in fractions of the picture's sides"),
    ]
    person: int | None = Field(description="Index of the person who wears it")
    searched: dict[str, float] = Field(description="Kinds searched, with their probabilities; empty for all")
    matches: list[MatchOut] = Field(description="Never the product of the page, nor a variant of it")


class PageOut(BaseModel):
    """The look of a product page."""

    product: PageProductOut
    chosen: ChosenOut | None = Field(description="Null if no picture shows anything to wear")
    refused: list[RefusedOut] = Field(description="The other pictures")
    people: list[PersonOfPageOut]
    garments: list[PageGarmentOut] = Field(description="Person after person, the primary garment first")
    weights: dict[str, float]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI ``responses`` for the errors a route can answer with."""
    said = {
        401: "The API key is missing or wrong",
        404: "No such product or shot",
        408: "The body came too slowly",
        412: "The product is not as `If-Match` or `If-None-Match` demands",
        413: "Too many bytes or pixels",
        415: "Not a picture in a readable format, or a body of another type",
        422: "Something in the request is wrong; `detail` says what, `hint` what to do",
        423: "Another process is writing to the catalog",
        429: "The queue is full; `Retry-After` says how many seconds to wait",
        503: "The catalog cannot be served at the moment",
    }
    return {
        status: {
            "description": said[status],
            "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
        }
        for status in statuses
    }
