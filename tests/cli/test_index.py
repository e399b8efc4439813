"""``streetshop index``, as it is run: output, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streetshop.catalog.open import open_catalog
from streetshop.cli.app import main
from streetshop.cli.index import InterruptGuard
from tests.catalog.shop import draw_picture, read_rows, write_feed, write_shop
from tests.cli.running import call, run
from tests.models.tiny import tiny_encoder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def index(bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Run the command in this process; answers exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        command = ["streetshop", "index", *map(str, words), "--no-optimize", "--encoder", str(bundle)]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def test_index_and_index_again(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    feed, catalog = write_shop(tmp_path, 12), tmp_path / "shop.catalog"
    code, out, err = index(feed, "--catalog", catalog)
    assert code == 0
    assert "error" not in err
    assert "12 products; 12 added, 0 updated, 0 unchanged, 0 deleted, 0 refused" in out
    code, out, _ = index(feed, "--catalog", catalog, "--json")
    report = json.loads(out)
    assert code == 0
    assert (report["unchanged"], report["embedded"], report["products"], report["complete"]) == (12, 0, 12, True)


def test_a_feed_with_other_columns_in_one_command(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    names = [f"{i:08x}-aaaa" for i in range(4)]
    for i, name in enumerate(names):
        draw_picture(tmp_path / "images" / f"{name}.jpg", i)
    write_feed(tmp_path / "images.csv", [{"image": n, "sender_id": 7, "label": "Hat", "kids": "False"} for n in names])
    mapping = ["--column", "category=label", "--image-template", "images/{}.jpg"]
    code, out, _ = index(tmp_path / "images.csv", "--catalog", tmp_path / "c", *mapping, "--json")
    assert code == 0
    assert json.loads(out)["added"] == 4
    (product,) = open_catalog(str(tmp_path / "c")).get([names[2]])
    assert product is not None
    assert (product.category, dict(product.attributes)) == ("Hat", {"sender_id": "7", "kids": False})


def test_what_was_refused_is_said(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    write_shop(tmp_path, 2)
    write_feed(tmp_path / "f.csv", [{"id": "a", "image": "images/0.png"}, {"id": "b", "image": "/etc/passwd"}])
    code, out, err = index(tmp_path / "f.csv", "--catalog", tmp_path / "c", "--refused", tmp_path / "r.csv")
    assert code == 0
    assert "1 added" in out
    assert "1 refused" in out
    assert str(tmp_path / "r.csv") in err
    assert "leaves the feed's folder" in read_rows(tmp_path / "r.csv")[0]["reason"]
    code, out, _ = index(tmp_path / "f.csv", "--catalog", tmp_path / "c", "--delete-missing", "--no-thumbnails")
    assert code == 0
    assert "1 unchanged" in out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["missing.csv"], "no such file or folder"),
        (["bare.csv"], "--column image=<column>"),
        (["feed.csv", "--column", "category"], "Write FIELD=COLUMN"),
        (["feed.csv", "--column", "id=id", "--column", "id=id"], "each field once"),
        (["feed.csv", "--column", "id=sku"], "there is no column 'sku'"),
        (["feed.csv", "--encoding", "klingon"], "no encoding called"),
        (["feed.csv", "--image-template", "{}{}{"], "is not understood"),
        ([""], "FEED... is empty"),
        (["feed.csv", "--refused", ""], "--refused is empty"),
        (["feed.csv", "--column", ""], "--column is empty"),
        (["two.csv", "--max-rows", "1"], "more than 1 rows"),
        (["feed.csv", "--refused", "no/such/folder.csv"], "cannot be written"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    tmp_path: Path,
    index,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    text: str,  # type: ignore[no-untyped-def]
) -> None:
    write_shop(tmp_path, 1)
    (tmp_path / "bare.csv").write_text("id,label\n1,dress\n")
    (tmp_path / "two.csv").write_text("id,image\n1,a.jpg\n2,b.jpg\n")
    monkeypatch.chdir(tmp_path)
    code, out, err = index(*words, "--catalog", "c")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert text in err
    assert not (tmp_path / "c").exists()


def test_a_feed_of_which_no_row_can_be_used_fails(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    write_shop(tmp_path, 1)
    write_feed(tmp_path / "f.csv", [{"id": "a", "image": "none.png"}, {"id": "", "image": "images/0.png"}])
    code, out, err = index(tmp_path / "f.csv", "--catalog", tmp_path / "c")
    assert code == 1
    assert "0 products; 0 added" in out
    assert "no row can be used" in err
    assert "1 x there is no such file" in err
    assert "refused.csv" in err
    write_feed(tmp_path / "f.csv", [{"id": "a", "image": "images/0.png"}])
    assert index(tmp_path / "f.csv", "--catalog", tmp_path / "c")[0] == 0
    assert index(tmp_path / "f.csv", "--catalog", tmp_path / "c")[0] == 0, "unchanged products are used too"


def test_too_many_refused_rows_end_with_exit_code_1(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    write_shop(tmp_path, 3)
    rows = [{"id": str(i), "image": f"images/{i}.png"} for i in range(3)]
    feed = write_feed(tmp_path / "f.csv", [*rows, {"id": "x", "image": "images/none.png"}])
    assert index(feed, "--catalog", tmp_path / "c", "--max-refused", "0.25")[0] == 0
    code, out, err = index(feed, "--catalog", tmp_path / "c", "--max-refused", "0.2")
    assert code == 1
    assert "3 unchanged" in out, "what can be used is in the catalog"
    assert "1 of 4 rows are refused, more than --max-refused 0.2 allows" in err
    assert index(feed, "--catalog", tmp_path / "c", "--max-refused", "2")[0] == 2


def test_a_run_says_what_each_column_is_and_why_rows_are_refused(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    write_shop(tmp_path, 2)
    rows: list[dict[str, object]] = [
        {"id": i, "image": f"images/{i}.png", "stitch": "T", "label": "dress", "Nähte": "x"} for i in range(2)
    ]
    rows += [{"id": i, "image": f"https://shop.example/{i}.jpg", "label": "dress"} for i in "abc"]
    rows += [{"id": "o", "image": "../outside.png"}, {"id": "1", "image": "images/1.png", "stitch": "other"}]
    feed = write_feed(tmp_path / "f.csv", [{**dict.fromkeys(rows[0], ""), **row} for row in rows])
    words = (feed, "--catalog", tmp_path / "c", "--column", "category=label")
    code, _, err = index(*words)
    assert code == 0
    for line in (r"category +label", r"picture +image", "kept as attributes: stitch, Nähte"):
        assert re.search(line, err), err
    assert "3 x addresses are not fetched. Allow it with --fetch. (first in row 4)" in err
    assert "--allow-outside" in err
    assert "1 x the id occurred before, in row 3" in err
    assert "none of its pictures" not in err
    report = json.loads(index(*words, "--json")[1])
    assert {"column": "label", "use": "category"} in report["columns"]
    assert report["filled"] == {"category": 5, "kind": 5}
    assert report["reasons"][0]["count"] == 3
    assert report["reasons"][0]["first"] == {"row": 4, "id": "a", "image": "https://shop.example/a.jpg"}


def test_check_reports_without_a_catalog(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    feed = write_shop(tmp_path, 3)
    (tmp_path / "images" / "1.png").write_bytes(b"<html>")
    (tmp_path / "images" / "2.png").unlink()
    code, out, _ = index(feed, "--check", "--refused", tmp_path / "r.csv")
    assert code == 0
    assert "1 products can be indexed, 2 rows are refused" in out
    assert "1 x this is not a picture" in out
    assert "1 x there is no such file" in out
    assert {row["image"] for row in read_rows(tmp_path / "r.csv")} == {"images/1.png", "images/2.png", ""}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.csv", "images", "r.csv"]
    report = json.loads(index(feed, "--check", "--json", "--catalog", tmp_path / "c")[1])
    assert (report["rows"], report["usable"], report["refused"], report["refused_pictures"]) == (3, 1, 2, 2)
    assert not (tmp_path / "c").exists()
    assert index(feed, "--check", "--max-refused", "0.5")[0] == 1
    code, _, err = index(feed)
    assert (code, "--catalog is missing" in err) == (2, True)
    write_feed(tmp_path / "f.csv", [{"id": "a", "image": "none.png"}])
    assert index(tmp_path / "f.csv", "--check")[0] == 1


def test_fields_that_products_lose_are_named_and_counted(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    write_shop(tmp_path, 3)
    rows = [{"id": str(i), "image": f"images/{i}.png", "sort": "Hat", "title": "T"} for i in range(3)]
    write_feed(tmp_path / "f.csv", rows)
    mapped = index(tmp_path / "f.csv", "--catalog", tmp_path / "c", "--column", "category=sort")
    assert "no column for price;" in mapped[2]
    assert "any more" not in mapped[2]
    code, _, err = index(tmp_path / "f.csv", "--catalog", tmp_path / "c")
    assert code == 0
    assert "no column for category and price; if it has one of another name" in err
    assert "3 products have no category any more" in err
    assert "--column category=COLUMN" in err
    assert "no title" not in err
    write_feed(tmp_path / "bare.csv", [{"id": row["id"], "image": row["image"]} for row in rows])
    _, out, err = index(tmp_path / "bare.csv", "--catalog", tmp_path / "c")
    assert "no column for title, category and price;" in err
    assert "0 pictures embedded" in out
    assert "images/s" not in out, "no rate where nothing was embedded"
    index(tmp_path / "f.csv", "--catalog", tmp_path / "c", "--column", "category=sort")
    write_feed(tmp_path / "f.csv", [{**row, "sort": ""} for row in rows])
    emptied = index(tmp_path / "f.csv", "--catalog", tmp_path / "c", "--column", "category=sort")
    assert "any more" not in emptied[2], "the feed has the column: this is what the shop wants"


def test_another_reader_is_said_until_a_rebuild(tmp_path: Path, index, bundle: Path) -> None:  # type: ignore[no-untyped-def]
    feed, catalog = write_shop(tmp_path, 3), tmp_path / "shop.catalog"
    assert "reader" not in index(feed, "--catalog", catalog, "--reader", "none")[2]
    assert json.loads(run("catalog", "info", catalog, "--json").out)["reader"] == "none"
    again = index(feed, "--catalog", catalog)
    assert again[0] == 0
    assert "created with the reader none" in again[2]
    assert "--rebuild" in again[2]
    assert "created with" not in index(feed, "--catalog", catalog, "--rebuild")[2]
    assert "created with" not in index(feed, "--catalog", catalog)[2]
    # A catalog of an earlier version does not say.
    meta = json.loads((catalog / "catalog.json").read_text())
    del meta["reader"], meta["sha256"]
    (catalog / "catalog.json").write_text(json.dumps(meta))
    assert "created with" not in index(feed, "--catalog", catalog, "--reader", "none")[2]
    assert "unknown" in run("catalog", "info", catalog).out


def test_another_encoder_and_rebuild(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    feed, catalog = write_shop(tmp_path, 3), tmp_path / "c"
    index(feed, "--catalog", catalog)
    words = ["index", feed, "--catalog", catalog, "--encoder", tiny_encoder(tmp_path / "other", seed=5)]
    refused = run(*words)
    assert refused.code == 2
    assert "--rebuild" in refused.err
    rebuilt = run(*words, "--rebuild", "--json")
    assert rebuilt.code == 0
    assert json.loads(rebuilt.out)["added"] == 3
    assert open_catalog(str(catalog)).meta.generation == 2


def test_ctrl_c_finishes_what_is_in_hand_and_says_how_to_go_on(tmp_path: Path, bundle: Path) -> None:
    feed, catalog = write_shop(tmp_path, 150), tmp_path / "shop catalog"
    # A slow disk makes the test independent of how fast this machine is.
    program = """
import sys, time
from streetshop.indexing import pictures
read = pictures.read_picture_bytes
def slow(*words):
    time.sleep(0.02)
    return read(*words)
pictures.read_picture_bytes = slow
from streetshop.cli import main
main()
"""
    words = ["index", str(feed), "--catalog", str(catalog), "--encoder", str(bundle), "--json", "--no-optimize"]
    with subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (catalog / "refused.csv").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.6)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    report = json.loads(out)
    assert not report["complete"]
    assert open_catalog(str(catalog)).count() == report["products"] < 150
    assert "stopping after the products in progress" in err
    assert "To resume: streetshop index" in err
    assert f"--catalog '{catalog}'" in err
    assert "Traceback" not in err
    again = run(*words)
    assert again.code == 0
    final = json.loads(again.out)
    assert (final["products"], final["unchanged"]) == (150, report["products"])


def test_watch_indexes_again_and_survives_a_broken_file(tmp_path: Path, bundle: Path) -> None:
    feed, catalog = write_shop(tmp_path, 2), tmp_path / "c"
    whole = feed.read_text()
    words = ["index", str(feed), "--catalog", str(catalog), "--encoder", str(bundle), "--no-optimize", "--watch"]
    command = [sys.executable, "-m", "streetshop", *words, "--reader", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said: list[str] = []

        def until(text: str) -> None:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                if text in line:
                    return
            raise AssertionError("".join(said))

        until("watching")
        feed.write_text("a,b\n1,2\n")
        until("The catalog stays as it is")
        until("watching")
        assert open_catalog(str(catalog)).count() == 2
        (tmp_path / "new.csv").write_text(whole.replace("Product 1", "Changed"))
        (tmp_path / "new.csv").replace(feed)
        until("watching")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "no longer watching" in err) == (0, True)
    assert "0 added, 1 updated, 1 unchanged" in out
    assert "Traceback" not in "".join(said) + err
    assert run("index", tmp_path, "--catalog", catalog, "--watch").code == 2


def test_interrupts_before_and_after_release(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    # A process started in the background ignores SIGINT; this test is about one that does not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with InterruptGuard() as guard:
        signal.raise_signal(signal.SIGINT)
        assert guard.stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with InterruptGuard() as guard:
        guard.release()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert not guard.stop.is_set()


def test_the_commands_of_the_docs(tmp_path: Path, index, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    text = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
    commands = [shlex.split(line) for line in re.findall(r"^streetshop .*", text, re.MULTILINE)]
    assert len(commands) == 6
    write_shop(tmp_path, 2, "shop.csv")
    write_feed(
        tmp_path / "images.csv", [{"image": i, "sender_id": 1, "label": "Hat", "kids": "False"} for i in range(2)]
    )
    for i in range(2):
        draw_picture(tmp_path / "images" / f"{i}.jpg", i)
        draw_picture(tmp_path / "pictures" / f"{i}.jpg", i)
    # No address of a picture server in a test: what is fetched, and refused, is the machine itself.
    (tmp_path / "merchant.tsv").write_text("g:id\tg:image_link\n1\thttp://127.0.0.1/a.jpg\n")
    monkeypatch.chdir(tmp_path)
    products = []
    for command in commands:
        assert command[:2] == ["streetshop", "index"]
        code, out, err = index(*command[2:], "--json")
        assert code == (1 if "merchant.tsv" in command else 0), err  # its only picture is refused
        products.append(json.loads(out)["products"])
    assert products == [2, 4, 2, 4, 2, 2]


def test_the_shops_own_kinds(tmp_path: Path, index) -> None:  # type: ignore[no-untyped-def]
    for name in "abcd":
        draw_picture(tmp_path / f"{name}.png", ord(name))
    rows = [("a", "Neu", ""), ("b", "Skirts", ""), ("c", "", "gadget"), ("d", "Sale", "bag")]
    feed = write_feed(
        tmp_path / "feed.csv", [{"id": i, "image": f"{i}.png", "category": c, "kind": k} for i, c, k in rows]
    )
    catalog, kinds = tmp_path / "shop.catalog", tmp_path / "kinds.csv"
    command = (feed, "--catalog", catalog, "--reader", "none")
    code, out, err = index(*command)
    assert code == 0
    assert "kinds by column 1, category 1, unknown 2" in out
    assert "names no kind in 1 rows: 'gadget' (1)" in err
    kinds.write_text("Neu,hat\nAlt,bag\n")
    code, out, err = index(*command, "--kinds", kinds, "--json")
    report = json.loads(out)
    assert (code, report["embedded"], report["updated"]) == (0, 0, 1)
    assert {source: n for source, n in report["kinds"].items() if n} == {
        "column": 1, "mapping": 1, "category": 1, "unknown": 1,
    }  # fmt: skip
    assert "'alt'" in err
    assert "by column 1, mapping 1, category 1, unknown 1" in call("catalog", "info", catalog).out
    kinds.write_text("Neu,gadget\n")
    code, _, err = index(*command, "--kinds", kinds)
    assert code == 2
    assert "'gadget' is no kind" in err
    assert "line 1" in err
