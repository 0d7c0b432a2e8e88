"""A data directory serves one littlechat at a time, and only its owner can read its secrets."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from littlechat.platform.data_directory import DataDirectory, DataDirectoryError, write_whole


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory that does not exist yet."""
    return tmp_path / "data"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_directory_and_secrets_are_for_their_owner_only(data_dir: Path) -> None:
    data = DataDirectory(data_dir)
    secret = data.secret("secret-key")
    assert len(secret) >= 43
    assert mode(data_dir) == 0o700
    assert mode(data_dir / "secret-key") == 0o600
    (data_dir / "secret-key").chmod(0o644)
    assert data.secret("secret-key") == secret
    assert mode(data_dir / "secret-key") == 0o600
    data.close()


def test_secret_is_kept_and_differs_from_every_other(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "one")
    kept = data.secret("secret-key")
    assert data.secret("database-password") != kept
    data.close()
    again, other = DataDirectory(tmp_path / "one"), DataDirectory(tmp_path / "other")
    assert again.secret("secret-key") == kept
    assert other.secret("secret-key") != kept
    again.close()
    other.close()


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"short", b"\xff\xfe" * 20, b"two words of secret"]
)
def test_damaged_secret_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    data = DataDirectory(tmp_path)
    (tmp_path / "secret-key").write_bytes(content)
    with pytest.raises(DataDirectoryError, match=r"secret-key is empty or damaged\. Restore"):
        data.secret("secret-key")
    assert (tmp_path / "secret-key").read_bytes() == content
    data.close()


def test_draft_of_a_secret_that_a_crash_left_is_no_secret(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    (tmp_path / ".secret-key.draft").write_text("half")
    assert len(data.secret("secret-key")) >= 43
    assert not (tmp_path / ".secret-key.draft").exists()
    data.close()


def test_secret_that_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    (tmp_path / "secret-key").mkdir()
    with pytest.raises(DataDirectoryError, match=r"cannot be used .*--data-dir or DATA_DIR"):
        data.secret("secret-key")
    data.close()


def test_directory_below_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(DataDirectoryError, match=r"cannot be used .*Choose one"):
            DataDirectory(path)


def test_second_littlechat_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    refusal = rf"Another littlechat \(process {os.getpid()}\) already uses {tmp_path}"
    with pytest.raises(DataDirectoryError, match=refusal):
        DataDirectory(tmp_path)
    data.close()
    DataDirectory(tmp_path).close()


def test_directory_of_a_killed_littlechat_is_free(tmp_path: Path) -> None:
    holder = """
import sys
from pathlib import Path
from littlechat.platform.data_directory import DataDirectory
data = DataDirectory(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""
    run = (sys.executable, "-c", holder, str(tmp_path))
    with subprocess.Popen(
        run, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        with pytest.raises(DataDirectoryError, match=f"process {process.pid}"):
            DataDirectory(tmp_path)
        process.kill()
        process.wait()
    DataDirectory(tmp_path).close()


def test_file_is_replaced_at_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    with path.open() as reader:
        write_whole(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"
    assert mode(path) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
