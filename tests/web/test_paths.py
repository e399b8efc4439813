"""No answer holds a path of the server's disk, whatever is wrong with the catalog."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from streetshop.catalog.lance import locks
from streetshop.catalog.lance.locks import writer_lock
from streetshop.catalog.store import CatalogMeta
from streetshop.core import errors
from streetshop.core.errors import StreetshopError
from streetshop.models import Encoder, load_encoder
from streetshop.web import state as state_module
from streetshop.web.problems import problem_of
from tests.models.tiny import tiny_encoder
from tests.web.serving import KEY, png, running, street

AUTH = {"X-API-Key": KEY}


def every_answer(client: httpx.Client) -> list[httpx.Response]:
    """One request to each route, and some that are refused anyway."""
    photo = {"photo": png(street())}
    product = {"product": (None, '{"title": "x"}')}
    return [
        client.get("/readyz"),
        client.get("/v1/catalog"),
        client.get("/v1/products/red-plain"),
        client.get("/v1/products/red-plain/similar"),
        client.get("/v1/products/red-plain/image/0"),
        client.get("/v1/products/none"),
        client.post("/v1/search", files=photo),
        client.post("/v1/search", files=photo, data={"filter": "nothing = 1"}),
        client.post("/v1/look", files=photo),
        client.post("/v1/search/vector", json={"vector": ""}),
        client.put("/v1/products/red-plain", files=product, headers=AUTH),
        client.put("/v1/products/n", files=[*product.items(), ("pictures", png(street()))], headers=AUTH),
        client.delete("/v1/products/red-plain", headers=AUTH),
    ]


def gone(catalog: Path) -> None:
    shutil.rmtree(catalog)


def without_data(catalog: Path) -> None:
    for path in catalog.rglob("*.lance"):
        if path.is_file():
            path.unlink()


def half_data(catalog: Path) -> None:
    for path in catalog.rglob("*.lance"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_manifests(catalog: Path) -> None:
    for path in catalog.rglob("*.manifest"):
        path.unlink()


def broken_meta(catalog: Path) -> None:
    (catalog / "catalog.json").write_text("{")


@pytest.mark.parametrize("damage", [gone, without_data, half_data, without_manifests, broken_meta])
def test_a_damaged_catalog_tells_no_path_and_is_no_bug_of_the_server(
    own_shop: tuple[Path, Encoder], damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "WATCH_SECONDS", 0.2)
    monkeypatch.setattr(locks, "TIMEOUT", 0.2)
    catalog, encoder = own_shop
    with running(catalog, encoder) as up, up.client() as client:
        damage(catalog)
        for _ in range(2):  # before and after the server has noticed
            for answer in every_answer(client):
                assert str(catalog.parent) not in answer.text, answer.request.url
                assert catalog.name not in answer.text, answer.request.url
                assert answer.status_code != 500, (answer.request.method, answer.request.url, answer.text)
                if answer.status_code >= 400 and answer.request.url.path != "/readyz":
                    assert answer.headers["content-type"] == "application/problem+json"
            up.state.catalog.refresh()


def test_a_locked_catalog_and_one_of_another_encoder_tell_no_path(
    own_shop: tuple[Path, Encoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "TIMEOUT", 0.2)
    catalog, encoder = own_shop
    other = load_encoder(tiny_encoder(tmp_path / "other", seed=7), threads=1)
    with running(catalog, encoder) as up, up.client() as client:
        with writer_lock(catalog).hold("index"):
            answers = every_answer(client)
        assert {answer.status_code for answer in answers} >= {200, 404, 422, 423}
        store = up.state.catalog.store()
        store.begin_rebuild(CatalogMeta(other.name, other.fingerprint, other.blocks))
        store.commit_rebuild()
        up.state.catalog.refresh()
        answers += every_answer(client)
        assert {answer.status_code for answer in answers} >= {503}
    for answer in answers:
        assert str(tmp_path) not in answer.text, (answer.request.method, answer.request.url)
        assert answer.status_code != 500


def kinds(base: type[StreetshopError]) -> list[type[StreetshopError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]


ABOUT_THE_REQUEST = (
    *(errors.PhotoError, errors.GeometryError, errors.RecordError, errors.VectorError, errors.WeightsError),
    *(errors.FilterError, errors.RequestInvalid, errors.FetchRefused),
)


@pytest.mark.parametrize("kind", [kind for kind in kinds(StreetshopError) if kind.__module__ == errors.__name__])
def test_only_errors_about_the_request_tell_their_place(kind: type[StreetshopError]) -> None:
    error = kind.__new__(kind)
    error.text, error.position = "a", 0  # type: ignore[attr-defined] # of a FilterError
    StreetshopError.__init__(error, "it is broken", where="/srv/shop.catalog/g0001")
    assert (b"srv" in bytes(problem_of(error).body)) is issubclass(kind, ABOUT_THE_REQUEST)
    error.what, error.hint = "/srv/shop.catalog is broken", "Run streetshop catalog verify /srv/shop.catalog"
    error.where = ""
    told = issubclass(kind, (*ABOUT_THE_REQUEST, errors.ProductMissing, errors.LookMissing))
    assert (b"srv" in bytes(problem_of(error).body)) is told
