"""The data folder: ours alone, owned by one running server at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from base.settings import LEAST_SECRET, PREFIX, Settings, SettingsError

__all__ = ["DataFolder", "short_socket", "with_secret"]

SECRET_BYTES: Final = 32

LONGEST_SOCKET: Final = 103
"""Bytes of a unix socket's path: 104 on macOS and 108 on Linux, each with its zero byte."""


class DataFolder:
    """A private folder (0700) with a lock and a secret.

    Args:
        path: Where it is; made when missing, and closed to others when it stood open.

    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        _make_private(self.path)
        self._lock: int | None = None

    def acquire(self) -> bool:
        """Become the folder's owner; False while another process is.

        The kernel holds the lock for as long as this process lives, so a killed server
        leaves nothing behind. Children that run another program do not inherit it.
        """
        if self._lock is not None:
            return True
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def release(self) -> None:
        """Give the folder up; harmless when it is not owned."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def secret(self) -> str:
        """The installation's secret: drawn once, readable by its owner only."""
        path = self.path / "secret"
        if not path.exists():
            _write_once(path, secrets.token_hex(SECRET_BYTES))
        return path.read_text().strip()


def with_secret(settings: Settings, folder: DataFolder) -> Settings:
    """The settings with a secret; off loopback the operator must have set one.

    Raises:
        SettingsError: There is none, or it is easily guessed.

    """
    if not settings.is_loopback and len(settings.secret) < LEAST_SECRET:
        raise SettingsError(
            f"Set {PREFIX}SECRET ({LEAST_SECRET} random characters or more) to listen on "
            f"{settings.host}."
        )
    return settings if settings.secret else replace(settings, secret=folder.secret())


def short_socket(path: Path) -> Path:
    """The same socket by a path that is short enough to bind and connect to.

    A long one leads through a symbolic link in a private folder of the temporary directory.

    Raises:
        PermissionError: Somebody else owns that folder.

    """
    path = path.absolute()
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    links = Path(tempfile.gettempdir()) / f"yellowcart-{os.getuid()}"
    _make_private(links)
    if links.is_symlink() or links.stat().st_uid != os.getuid():
        raise PermissionError(f"{links} belongs to somebody else: remove it, or set TMPDIR.")
    link = links / hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:16]
    if not link.is_symlink():
        with suppress(FileExistsError):  # another process of ours made it in this moment
            link.symlink_to(path.parent, target_is_directory=True)
    return link / path.name


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077 and folder.stat().st_uid == os.getuid():
        folder.chmod(0o700)


def _write_once(path: Path, text: str) -> None:
    # Linked into place when whole: a crash leaves no half of it, and the first writer wins.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
