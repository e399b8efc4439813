"""``streetshop serve``, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.catalog.filled import filled_catalog
from tests.cli.running import call
from tests.models.tiny import tiny_encoder
from tests.web.serving import KEY, png, street


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog that no test writes to."""
    folder = tmp_path_factory.mktemp("shop")
    filled_catalog(folder)[0].close()
    return folder / "shop.catalog"


@pytest.fixture
def own_shop(tmp_path: Path) -> Path:
    """A catalog to write to."""
    filled_catalog(tmp_path)[0].close()
    return tmp_path / "shop.catalog"


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from streetshop.cli.app import main; main()", "serve", *map(str, arguments)]


def fails(*arguments: object) -> str:
    ran = call("serve", *arguments)
    assert ran.code == 2, ran.err
    return ran.err


def test_serve_command_end_to_end(own_shop: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    bundle = own_shop.parent / "encoder"
    arguments = ("--catalog", own_shop, "--port", 0, "--api-key-file", key, "--encoder", bundle)
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LANG": "C"}
    )
    try:
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line
        url = line.split()[-1]
        assert httpx.get(f"{url}/readyz", timeout=20).status_code == 200
        assert httpx.post(f"{url}/v1/search", files={"photo": png(street())}, timeout=20).status_code == 200
        assert httpx.delete(f"{url}/v1/products/red-plain", headers={"X-API-Key": KEY}, timeout=20).status_code == 204
        port = url.rsplit(":", 1)[1]
        taken = fails("--catalog", own_shop, "--port", port, "--encoder", bundle)
        assert f"127.0.0.1:{port}: the port is taken" in taken
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert "POST /v1/search 200" in errors
    assert KEY not in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--host", "0.0.0.0"), "without an API key"),
        (("--port", "70000"), "port 70000"),
        (("--host", "203.0.113.77", "--api-key-file", "KEY"), "cannot listen"),
        (("--api-key-file", "missing"), "cannot be read"),
        (("--encoder", "missing"), "missing"),
        (("--max-photo-mb", "0"), "Between 1 and 256"),
        (("--catalog", "nowhere.catalog"), "nowhere.catalog"),
    ],
)
def test_serve_command_refuses_with_one_clear_message(
    shop: Path, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    (tmp_path / "key").write_text(KEY)
    given = [str(tmp_path / "key") if argument == "KEY" else argument for argument in arguments]
    if "--catalog" not in given:
        given += ["--catalog", str(shop)]
    if "--encoder" not in given:
        given += ["--encoder", str(shop.parent / "encoder")]
    assert says in fails("--port", "0", *given) if "--port" not in given else fails(*given)


def test_serve_command_refuses_a_catalog_of_another_encoder(own_shop: Path, tmp_path: Path) -> None:
    other = tiny_encoder(tmp_path / "other", seed=3)
    assert "--rebuild" in fails("--catalog", own_shop, "--port", 0, "--encoder", other)
