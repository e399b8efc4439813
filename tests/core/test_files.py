"""Files written in one step, and locks, with processes that are killed and disks that are full."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from streetshop.core.errors import CatalogLocked, FileLocked, FileNotWritten
from streetshop.core.files import (
    Lock,
    atomic_file,
    atomic_folder,
    output_file,
    remove_abandoned,
    share_lock,
    sync,
    write_bytes,
    write_json,
    write_text,
)


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs ``code`` and prints a line when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


HOLD = """
import sys, time
from pathlib import Path
from streetshop.core.files import Lock
lock = Lock(Path(sys.argv[1]))
lock.acquire("write")
print("ready", flush=True)
time.sleep(60)
"""

SHARE = """
import sys, time
from pathlib import Path
from streetshop.core.files import share_lock
share_lock(Path(sys.argv[1]))
print("ready", flush=True)
time.sleep(60)
"""

REWRITE = """
import sys
from pathlib import Path
from streetshop.core.files import write_bytes
print("ready", flush=True)
for number in range(10**9):
    write_bytes(Path(sys.argv[1]), bytes([number % 256]) * 300_000)
"""


# --- files --------------------------------------------------------------------------------------------------------


def test_text_bytes_and_json_are_written_as_they_are(tmp_path):
    write_bytes(tmp_path / "a", b"\x00\xff")
    write_text(tmp_path / "b", "ä\n", durable=True)
    write_json(tmp_path / "c", {"ä": [1, 2.5, None]}, indent=None)
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert (tmp_path / "b").read_bytes() == "ä\n".encode()
    assert (tmp_path / "c").read_text("utf-8") == '{"ä": [1, 2.5, null]}\n'
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_the_old_content_is_there_until_the_body_ends(tmp_path):
    path = tmp_path / "table.npy"
    path.write_bytes(b"old")
    with atomic_file(path) as partial:
        with partial.open("wb") as file:
            np.save(file, np.arange(3))
        assert partial.parent == path.parent
        assert path.read_bytes() == b"old"
    assert np.load(path).tolist() == [0, 1, 2]
    assert [child.name for child in tmp_path.iterdir()] == ["table.npy"]


def test_an_unfinished_file_is_not_found_under_its_suffix(tmp_path):
    with atomic_file(tmp_path / "row.json") as partial:
        partial.write_text("{")
        assert list(tmp_path.glob("*.json")) == []
        partial.write_text("{}")
    assert [path.name for path in tmp_path.glob("*.json")] == ["row.json"]


@pytest.mark.parametrize("error", [ValueError("bad row"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_content_and_no_partial_file(tmp_path, error):
    path = tmp_path / "rows.json"
    path.write_text("old")

    def fail():
        with atomic_file(path) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_values_that_are_no_json_leave_the_old_content(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text() == "old"


def test_an_error_of_the_disk_names_the_file(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        write_bytes(tmp_path / "absent" / "a", b"x")
    assert "absent" in str(missing.value.filename)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large") as full:
            write_bytes(tmp_path / "a", b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert full.value.errno == errno.EFBIG
    assert full.value.filename == str(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_names_the_file(tmp_path):
    def write():
        with atomic_file(tmp_path / "a") as partial:
            partial.symlink_to("/dev/full")
            partial.write_bytes(b"x" * 100_000)

    with pytest.raises(OSError, match="No space left") as full:
        write()
    assert (full.value.errno, full.value.filename) == (errno.ENOSPC, str(tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_whole_content(tmp_path):
    path = tmp_path / "a"
    for _ in range(3):
        process = start(REWRITE, path)
        deadline = time.monotonic() + 20
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(20):
            content = path.read_bytes()
            assert len(content) == 300_000
            assert len(set(content)) == 1
        kill(process)
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1


def test_threads_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "a"
    contents = [bytes([letter]) * 50_000 for letter in b"abcd"]
    threads = [threading.Thread(target=lambda c=c: [write_bytes(path, c) for _ in range(5)]) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "above" / "bundle"
    path.mkdir(parents=True)
    with atomic_folder(path) as partial:
        (partial / "sub").mkdir()
        write_json(partial / "sub" / "a.json", 1)
        assert list(path.iterdir()) == []
    assert json.loads((path / "sub" / "a.json").read_text()) == 1
    assert [child.name for child in path.parent.iterdir()] == ["bundle"]


def test_a_folder_with_content_is_not_replaced(tmp_path):
    path = tmp_path / "bundle"
    path.mkdir()
    (path / "mine").touch()

    def write():
        with atomic_folder(path) as partial:
            (partial / "a").touch()

    with pytest.raises(OSError, match="not empty"):
        write()
    assert [child.name for child in path.iterdir()] == ["mine"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_whose_body_fails_is_removed(tmp_path):
    def fail():
        with atomic_folder(tmp_path / "bundle") as partial:
            (partial / "a").touch()
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_cannot_be_flushed(tmp_path):
    sync(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "absent")


# --- locks --------------------------------------------------------------------------------------------------------


def test_a_lock_of_another_process_is_named_and_ends_with_it(tmp_path):
    path = tmp_path / "locks" / "writer"
    process = start(HOLD, path)
    lock = Lock(path, timeout=0.2)
    try:
        with pytest.raises(FileLocked, match=f"process {process.pid} holds the writer lock.*then index again"):
            lock.acquire("index")
        assert not lock.held
        with pytest.raises(CatalogLocked):
            Lock(path, timeout=0, error=CatalogLocked).acquire("index")
    finally:
        kill(process)
    with lock.hold("index"):
        assert lock.held
        assert path.read_text() == str(os.getpid())
    assert not lock.held
    assert path.exists()


def test_a_waiting_lock_is_taken_when_the_holder_is_killed(tmp_path):
    process = start(HOLD, tmp_path / "writer")
    threading.Timer(0.3, process.kill).start()
    lock = Lock(tmp_path / "writer", timeout=20)
    lock.acquire("index")
    process.communicate()
    assert lock.held
    lock.release()
    lock.release()  # without effect


def test_threads_exclude_each_other(tmp_path):
    shared = Lock(tmp_path / "writer", timeout=30)
    inside = most = 0

    def work(lock: Lock) -> None:
        nonlocal inside, most
        for _ in range(5):
            with lock.hold("write"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.002)
                inside -= 1

    threads = [threading.Thread(target=work, args=(lock,)) for lock in (shared, shared, Lock(shared.path, timeout=30))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_a_lock_is_not_reentrant_and_is_released_in_any_thread(tmp_path):
    lock = Lock(tmp_path / "writer", timeout=0.1)
    lock.acquire("write")
    with pytest.raises(FileLocked, match=f"process {os.getpid()} "):
        lock.acquire("write")
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    with Lock(lock.path, timeout=0).hold("write"):
        pass


def test_a_lock_with_no_readable_holder_says_another_process(tmp_path):
    path = tmp_path / "writer"
    with Lock(path).hold("write"):
        path.write_text("?")
        with pytest.raises(FileLocked, match="another process holds"):
            Lock(path, timeout=0).acquire("write")


def test_shared_locks_keep_an_exclusive_one_out_until_their_process_ends(tmp_path):
    path = tmp_path / "locks" / "g0001"
    process = start(SHARE, path)
    mine = share_lock(path)
    claim = Lock(path, timeout=0)
    with pytest.raises(FileLocked):
        claim.acquire("remove")
    os.close(mine)
    with pytest.raises(FileLocked):
        claim.acquire("remove")
    kill(process)
    with claim.hold("remove"):
        pass


def test_an_exclusive_lock_keeps_a_shared_one_waiting(tmp_path):
    path = tmp_path / "g0001"
    lock = Lock(path)
    lock.acquire("remove")
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(share_lock(path)))
    thread.start()
    thread.join(0.2)
    assert not got
    lock.release()
    thread.join(10)
    os.close(got[0])


def test_an_output_file_is_made_with_its_folders_or_is_one_error(tmp_path):
    path = tmp_path / "a" / "b.txt"
    with output_file(path) as partial:
        partial.write_text("all")
    assert path.read_text() == "all"
    with pytest.raises(FileNotWritten, match=r"b\.txt/c: cannot be written \(File exists\)"), output_file(path / "c"):
        pass
    with pytest.raises(FileNotWritten, match="cannot be written"), output_file(path):
        raise OSError("3 requested and 1 written")  # as NumPy says it
    with pytest.raises(FileNotFoundError), output_file(path):
        (tmp_path / "elsewhere" / "x").read_bytes()  # not what is written
    assert path.read_text() == "all"
    assert [child.name for child in path.parent.iterdir()] == ["b.txt"]


@pytest.mark.parametrize("link", [False, True])
def test_a_pipe_or_device_is_never_replaced(tmp_path, link):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = tmp_path / "link" if link else pipe
    if link:
        path.symlink_to(pipe)
    with pytest.raises(FileNotWritten, match="no regular file"), output_file(path) as partial:
        partial.write_text("new")
    assert pipe.is_fifo()
    assert path.is_symlink() == link
    assert len(list(tmp_path.iterdir())) == 1 + link


def test_partial_folders_of_killed_processes_are_removed_and_those_of_others_are_kept(tmp_path):
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from streetshop.core.files import atomic_folder\n"
        "with atomic_folder(Path(sys.argv[1])) as partial:\n"
        "    (partial / 'file').write_bytes(b'x')\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = start(code, tmp_path / "made")
    (alive,) = tmp_path.glob(".made.*")
    remove_abandoned(tmp_path / "made")
    assert (alive / "file").exists()
    kill(process)
    assert alive.exists()
    with atomic_folder(tmp_path / "made") as partial:
        (partial / "other").touch()
        assert list(tmp_path.iterdir()) == [partial]
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["other"]
