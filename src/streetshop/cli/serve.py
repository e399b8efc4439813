"""``streetshop serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.options import CatalogOption, EncoderOption, ReaderOption, ThreadsOption, echo


def serve(
    catalog: CatalogOption,
    host: Annotated[str, typer.Option(help="Address to listen on; any but this machine's own needs a key.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 8000,
    api_key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File whose first line is the key that writes need. Without it: no writes."),
    ] = None,
    sync: Annotated[
        list[str] | None,
        typer.Option(
            "--sync",
            metavar="SYSTEM=SHOP",
            help="Take the webhooks of a shop, e.g. shopify=mine.myshopify.com; can be repeated.",
        ),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch pictures that bulk requests name by http(s) address.")
    ] = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
    queue: Annotated[
        int, typer.Option(metavar="N", help="Photo searches that may wait or run; one more is answered with 429.")
    ] = 128,
    max_wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Longest that a request may wait for its turn; 429 if it would be longer."
        ),
    ] = 5.0,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Name that clients call the server by, beside the loopback names and --host; again for more.",
        ),
    ] = None,
    max_photo_mb: Annotated[int, typer.Option(metavar="MIB", help="Largest picture that is taken, in MiB.")] = 32,
    decode_memory: Annotated[
        int, typer.Option(metavar="MIB", help="Memory in which pictures are decoded, in MiB; further ones wait.")
    ] = 1280,
    decode_seconds: Annotated[
        float, typer.Option(metavar="SECONDS", help="Longest time to decode a picture; then it is refused.")
    ] = 20.0,
) -> None:
    """Serve the search page and the HTTP API of a catalog."""
    from streetshop.catalog.open import open_catalog
    from streetshop.catalog.store import check_encoder
    from streetshop.cli.shops import webhooks
    from streetshop.core.errors import UsageError
    from streetshop.core.pictures.limits import PhotoLimits
    from streetshop.indexing.fetch import Fetcher, FetchLimits
    from streetshop.looks import load_reader
    from streetshop.models import load_encoder
    from streetshop.web import ApiKey, Settings, bind, check_bind, create_app, log_to_stderr
    from streetshop.web import serve as answer
    from streetshop.web.hosts import check_host_name

    key = None if api_key_file is None else ApiKey.from_file(api_key_file)
    check_bind(host, key)
    if not 1 <= max_photo_mb <= 256:
        raise UsageError(f"--max-photo-mb {max_photo_mb}", hint="Between 1 and 256")
    hosts = (host, *map(check_host_name, allowed_host or ()))
    photo = PhotoLimits(max_bytes=max_photo_mb * 2**20)
    settings = Settings(
        photo=photo,
        max_body=photo.max_bytes + 2**20,
        queue=queue,
        max_wait=max_wait,
        decode_memory=decode_memory * 2**20,
        decode_seconds=decode_seconds,
        hosts=hosts,
    )
    listener = bind(host, port)
    try:
        loaded = load_encoder(encoder, threads=threads)
        # A catalog that cannot be served is an error at the start; later it is reported at /readyz.
        first = open_catalog(catalog, write=key is not None or bool(sync))
        try:
            check_encoder(first.meta, loaded.fingerprint, first.url)
        finally:
            first.close()
        fetcher = Fetcher(FetchLimits(max_bytes=photo.max_bytes))
        named = [webhooks(each, catalog, fetcher) for each in sync or ()]
        log_to_stderr()
        app = create_app(
            lambda: open_catalog(catalog, write=key is not None),
            loaded,
            load_reader(reader, threads=threads),
            key=key,
            settings=settings,
            fetcher=fetcher if fetch else None,
            shops=named,
        )
        answer(app, listener, started=lambda url: echo(f"Serving {catalog} at {url}"))
    finally:
        listener.close()
