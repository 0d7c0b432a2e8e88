"""The data directory: its lock, which admits one littlechat at a time, and the secrets in it."""

import fcntl
import os
import re
import secrets
from pathlib import Path


class DataDirectoryError(Exception):
    """The directory cannot be used; the text tells the operator what to do."""


class DataDirectory:
    """A directory that this process holds locked from construction to `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unusable(self.path, error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._lock, 20, 0).decode(errors="replace").strip()
            os.close(self._lock)
            if not isinstance(error, BlockingIOError):
                raise unusable(self.path, error) from error
            raise DataDirectoryError(
                f"Another littlechat (process {owner or 'unknown'}) already uses {self.path}. "
                "Stop it first, or choose another directory with --data-dir."
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Release the lock. The lock file stays: after removing it, two processes could each lock
        a file of their own."""
        os.close(self._lock)

    def secret(self, name: str) -> str:
        """Return the secret in the file `name`, generated on first use; mode 0600."""
        path = self.path / name
        try:
            if not path.exists():
                write_whole(path, secrets.token_urlsafe(32))
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)
            text = path.read_text("ascii", errors="replace").strip()
        except OSError as error:
            raise unusable(self.path, error) from error
        if not re.fullmatch(r"[!-~]{16,}", text):
            raise DataDirectoryError(
                f"The file {path} is empty or damaged. Restore it from a backup, or delete it "
                "and littlechat makes a new one (a new secret-key signs everybody out)."
            )
        return text


def unusable(directory: Path, error: OSError) -> DataDirectoryError:
    """Return the error for a directory that the operating system refuses."""
    return DataDirectoryError(
        f"The data directory {directory} cannot be used ({error}). "
        "Choose one that this user may write to, with --data-dir or DATA_DIR."
    )


def write_whole(path: Path, text: str) -> None:
    """Write a file atomically, mode 0600: after a crash it has the old content or the new one."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
