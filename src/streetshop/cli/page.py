"""``streetshop page``: the look of a product page, or of all pages of a feed."""

from __future__ import annotations

import functools
import json
import shlex
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.feed_options import (
    ColumnOption,
    EncodingOption,
    FeedKindsOption,
    ImageTemplateOption,
    MaxRowsOption,
    open_feed,
)
from streetshop.cli.index import FAILED, INTERRUPTED, InterruptGuard
from streetshop.cli.options import (
    CatalogOption,
    EncoderOption,
    FilterOption,
    JsonOption,
    MinScoreOption,
    ReaderOption,
    ThreadsOption,
    WeightsOption,
    echo,
    markup,
    print_json,
    say,
)
from streetshop.core.terminal import json_safe

if TYPE_CHECKING:
    from collections import Counter

    from streetshop import PageLook
    from streetshop.feeds.read import Feed
    from streetshop.indexing.looks import LooksReport, ProductLook
    from streetshop.indexing.pictures import Pictures
    from streetshop.search import Searcher, SearchRequest

_REASONS = 8
"""Reasons that are listed."""


def page(
    catalog: CatalogOption,
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PICTURE...]", help="All pictures of one product page; none with --feed."),
    ] = None,
    product: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The product that the page sells; default: recognised by its pictures."),
    ] = None,
    k: Annotated[int, typer.Option("--k", "-k", metavar="N", help="Products per garment, at most 200.")] = 12,
    where: FilterOption = None,
    weights: WeightsOption = None,
    min_score: MinScoreOption = 0.0,
    overlay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the chosen picture with its markers, a PNG.")
    ] = None,
    feed: Annotated[
        Path | None,
        typer.Option(metavar="FEED", help="Make the looks of all products of this feed, and store them."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --feed: JSON lines, one look for each product.")
    ] = None,
    column: ColumnOption = None,
    image_template: ImageTemplateOption = None,
    encoding: EncodingOption = None,
    max_rows: MaxRowsOption = None,
    kinds: FeedKindsOption = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch pictures from http(s) addresses.")] = False,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Pictures may be outside the feed's folder.")
    ] = False,
    as_json: JsonOption = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Choose the picture of a product page that shows the whole look, and find products like each garment in it.

    The best full shot from the front is chosen; the others are listed, each with the reason. The product of the page
    and its variants are left out of the matches. With --json: {"chosen": {"path", "view", "full_shot", ...},
    "refused": [{"path", "reason"}], "garments": [{"category", "primary", "score", "box", "hotspot", "matches"}], ...};
    hotspots are fractions of the picture's width and height.

    --feed does this for every product of a feed, whose options are those of `streetshop index`. The looks are stored
    beside the catalog, for GET /v1/products/ID/look, and written to --out. Run it again after an interruption, or when
    the catalog changed: pictures that were read are not read again.
    """
    import streetshop
    from streetshop.catalog.open import open_catalog
    from streetshop.core.errors import UsageError
    from streetshop.indexing.fetch import Fetcher
    from streetshop.indexing.pictures import Pictures
    from streetshop.looks import load_reader
    from streetshop.models import load_encoder
    from streetshop.search import Searcher, SearchRequest
    from streetshop.search.weights import parse_weights

    counted = parse_weights(weights or ())
    if feed is not None:
        if pictures or product is not None or overlay is not None:
            raise UsageError(
                "pictures, --product and --overlay are of one page", hint="Leave them out, or leave --feed out"
            )
        source = open_feed(
            feed, column=column, image_template=image_template, encoding=encoding, max_rows=max_rows, kinds=kinds
        )
        # One thread per model, since several products are worked on at a time.
        models = load_encoder(encoder, threads=1), load_reader(reader, threads=1)
        with closing(open_catalog(catalog)) as store:
            searcher = Searcher(store, *models)
            calibration = searcher.encoder.spec.calibration
            asked = SearchRequest.check(
                store,
                searcher.encoder.blocks,
                k=k,
                where=where,
                weights=counted,
                min_score=min_score,
                calibration=calibration,
            )
            shots = Pictures(source.root, allow_outside, Fetcher() if fetch else None)
            report = _feed_pages(searcher, asked, source, shots, out, threads)
        _print_report(report, catalog, out, as_json)
        return
    if out is not None or column or image_template or encoding or max_rows or kinds or fetch or allow_outside:
        raise UsageError("--out and the options of a feed need --feed", hint="Give --feed FEED, or leave them out")
    if not pictures:
        raise UsageError("no pictures are given", hint="Give the pictures of a product page, or --feed FEED")
    with streetshop.open(catalog, encoder=encoder, reader=reader, threads=threads) as opened:
        found = opened.page(pictures, product=product, k=k, where=where, weights=counted, min_score=min_score)
    if overlay is not None:
        if found.chosen is None:
            say(f"{overlay} is not written: no picture shows anything to wear")
        else:
            _write_overlay(found, found.chosen.name, overlay)
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found, product)


def _write_overlay(found: PageLook, picture: str, file: Path) -> None:
    from streetshop.core.files import output_file
    from streetshop.core.photo import Photo
    from streetshop.looks.overlay import draw_markers

    photo = Photo.from_path(picture)
    markers = [(each.garment.hotspot, each.garment.category, each.primary) for each in found]
    with output_file(file) as partial:
        draw_markers(photo, markers).save(partial, "PNG")
    say(f"wrote {file}")


def _print(found: PageLook, product: str | None) -> None:
    from rich.console import Console

    from streetshop.cli.search import match_table
    from streetshop.present.pages import own_text

    if found.chosen is None:
        echo("no picture shows anything to wear")
    else:
        note = f" ({found.answer.fallback})" if found.answer.fallback else ""
        echo(f"chosen: {found.chosen.name}{note}")
    for shot in found.refused:
        echo(f"refused: {shot.name}: {shot.reason}")
    echo(f"page of: {own_text(found.answer, product)}")
    console = Console(highlight=False)
    several = len({each.garment.person for each in found}) > 1
    for each in found:
        whose = "" if each.garment.person is None or not several else f", person {each.garment.person}"
        title = f"{each.garment.category}{' (primary)' if each.primary else ''}{whose}"
        if each.matches:
            console.print(match_table(title, each.matches))
        else:
            console.print(markup(f"{title}: the catalog has nothing of this kind that passes"))


def _feed_pages(
    searcher: Searcher, asked: SearchRequest, source: Feed, pictures: Pictures, out: Path | None, threads: int | None
) -> LooksReport:
    """The looks of a feed, stored and written to ``out``."""
    from streetshop.core.decoding.pool import DecodePool
    from streetshop.core.files import output_file
    from streetshop.core.pictures.limits import FEED_LIMITS
    from streetshop.core.progress import ProgressDisplay
    from streetshop.indexing.looks import make_looks
    from streetshop.models.session import thread_count
    from streetshop.present.pages import look_line

    with ExitStack() as stack:
        display = stack.enter_context(ProgressDisplay("products"))
        guard = stack.enter_context(InterruptGuard())
        pool = stack.enter_context(DecodePool(thread_count(threads)))
        lines = None
        if out is not None:
            partial = stack.enter_context(output_file(out))
            lines = stack.enter_context(partial.open("w", encoding="utf-8"))

        def write(look: ProductLook) -> None:
            if lines is not None and look.answer is not None:
                lines.write(json_safe(json.dumps(look_line(look.answer), ensure_ascii=False, allow_nan=False)) + "\n")

        def show(done: int, total: int, read: int) -> None:
            display.show("making looks", done, total, f"{read} pages read")

        report = make_looks(
            source,
            searcher,
            asked,
            pictures,
            functools.partial(pool.decode, limits=FEED_LIMITS),
            write=write,
            progress=show,
            stop=guard.stop,
            threads=threads,
        )
        if not report.complete:
            say(f"interrupted; finished looks are kept. To resume: {shlex.join(['streetshop', *sys.argv[1:]])}")
            raise typer.Exit(INTERRUPTED)
    return report


def _print_report(report: LooksReport, catalog: str, out: Path | None, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "catalog": catalog,
                "out": None if out is None else str(out),
                "looks": report.looks,
                "read": report.read,
                "renewed": report.renewed,
                "unchanged": report.unchanged,
                "stored": report.stored,
                "without": dict(report.without),
                "fallbacks": dict(report.fallbacks),
                "pictures": dict(report.pictures),
                "seconds": round(report.seconds, 3),
            }
        )
    else:
        echo(
            f"{report.looks} looks: {report.read} read, {report.renewed} with renewed products, "
            f"{report.unchanged} unchanged; {report.stored} stored beside {catalog}"
        )
        for title, reasons in (
            ("products without a look", report.without),
            ("looks that are no full shot from the front", report.fallbacks),
            ("pictures that are not shown", report.pictures),
        ):
            _print_reasons(title, reasons)
        if out is not None:
            echo(f"wrote {out}")
    if report.stored < report.looks:
        say(
            f"{report.looks - report.stored} looks are not stored: their product or its picture is not in the catalog. "
            f"Index the feed first: streetshop index FEED --catalog {catalog}"
        )
    if not report.looks:
        say("no product has a look")
        raise typer.Exit(FAILED)


def _print_reasons(title: str, reasons: Counter[str]) -> None:
    if reasons:
        echo(f"{title}: {reasons.total()}")
        for reason, count in reasons.most_common(_REASONS):
            echo(f"  {count:6}  {reason}")
