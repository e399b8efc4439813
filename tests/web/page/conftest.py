from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.browser import FLAGS, WIDE, Visit, chromium
from tests.web.serving import Running


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as runner:
        opened = runner.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, server: Running, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visit to the shop of ``server``; parametrised, with other options of the browser."""
    yield from _visit(browser, server, getattr(request, "param", {"viewport": WIDE}))


@pytest.fixture
def kinds_visit(browser: Any, kinds_server: Running, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """The same to the shop of ``kinds_server``."""
    yield from _visit(browser, kinds_server, getattr(request, "param", {"viewport": WIDE}))


def _visit(browser: Any, server: Running, options: dict[str, Any]) -> Iterator[Visit]:
    context = browser.new_context(reduced_motion="reduce", **options)
    context.set_default_timeout(20_000)
    yield Visit(context.new_page(), server)
    context.close()
