"""What a catalog remembers of its shops."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from streetshop.core.errors import SyncError
from streetshop.indexing.sync_state import FILE, ShopState, SyncState


def test_shops_are_apart(tmp_path: Path) -> None:
    one, other = SyncState(tmp_path, "one"), SyncState(tmp_path, "other")
    one.finish(ShopState("2026-01-01T00:00:00Z", ("de", "en")))
    one.record({"1": "m"}, {"11": "1", "12": "1"})
    assert (other.read(), other.products(), other.entries(), other.due()) == (ShopState(), {}, {}, {})
    again = SyncState(tmp_path, "one")
    assert again.read() == ShopState("2026-01-01T00:00:00Z", ("de", "en"))
    assert (again.products(), again.entries()) == ({"1": "m"}, {"11": "1", "12": "1"})


def test_entries_follow_their_products(tmp_path: Path) -> None:
    state = SyncState(tmp_path, "shop")
    state.record({"1": "a", "2": "a"}, {"11": "1", "12": "1", "2": "2"})
    state.record({"1": "b"}, {"12": "1"})
    assert state.entries(["1"]) == {"12": "1"}
    state.expect({"13": "1"})
    assert state.entries(["1"]) == {"12": "1", "13": "1"}
    state.forget(["1"])
    assert (state.products(), state.entries()) == ({"2": "a"}, {"2": "2"})


def test_due_products_stay_due_if_they_became_due_again(tmp_path: Path) -> None:
    state = SyncState(tmp_path, "shop")
    state.add_due(["1", "2"])
    due = state.due()
    state.add_due(["2"])
    state.done(due)
    assert [*state.due()] == ["2"]


def test_a_delivery_counts_once(tmp_path: Path) -> None:
    state = SyncState(tmp_path, "shop")
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(state.delivered("d", "1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False] * 7 + [True]
    assert [*state.due()] == ["1"]
    assert state.delivered("e", "2")


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(SyncError, match=r"sync\.sqlite"):
        SyncState(tmp_path, "shop")
    with pytest.raises(SyncError):
        SyncState(tmp_path / "none", "shop")
