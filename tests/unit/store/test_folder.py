from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from store.folder import LONGEST_SOCKET, DataFolder, short_socket

OWN = """
import sys, time
from pathlib import Path
from store.folder import DataFolder
folder = DataFolder(Path(sys.argv[1]))
print(folder.acquire(), flush=True)
time.sleep(60)
"""


def other_process(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OWN, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path / "data"), DataFolder(tmp_path / "data")

    assert first.acquire()
    assert first.acquire(), "the owner may ask again"
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    second.release()


def test_a_killed_owner_leaves_the_folder_free(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with other_process(tmp_path) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "True\n"
        assert not folder.acquire()

        owner.send_signal(signal.SIGKILL)

    assert folder.acquire()
    folder.release()


def test_a_child_does_not_keep_its_parents_folder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.acquire()
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        folder.release()

        assert DataFolder(tmp_path).acquire()
        child.kill()


def test_the_folder_is_closed_to_others(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o755)

    for path in (old, tmp_path / "new" / "data"):
        assert DataFolder(path).path.stat().st_mode & 0o777 == 0o700


def test_the_secret_is_drawn_once_and_private(tmp_path: Path) -> None:
    secret = DataFolder(tmp_path).secret()

    assert len(secret) == 64
    assert DataFolder(tmp_path).secret() == secret
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert DataFolder(tmp_path / "other").secret() != secret
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["secret"]


def test_a_short_socket_is_used_as_it_is() -> None:
    assert short_socket(Path("/srv/data/redis.sock")) == Path("/srv/data/redis.sock")


def test_a_long_socket_is_reached_by_a_short_path(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120)
    folder.mkdir()

    short = short_socket(folder / "redis.sock")

    assert len(os.fsencode(short)) <= LONGEST_SOCKET
    assert short.parent.samefile(folder)
    assert short_socket(folder / "redis.sock") == short
    short.parent.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_links_that_is_somebody_elses_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    links = tmp_path / "yellowcart-0"
    links.mkdir()
    os.chown(links, 65534, 65534)

    with pytest.raises(PermissionError, match="belongs to somebody else"):
        short_socket(tmp_path / ("d" * 120) / "redis.sock")
