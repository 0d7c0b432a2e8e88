"""Static files' addresses change with their content."""

import re
from pathlib import Path

import pytest

from littlechat.rendering import static_addresses
from littlechat.rendering.static_addresses import static_url


def test_static_address_changes_with_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_addresses, "STATIC", tmp_path)
    addresses = []
    for content in ("a {}", "b {}", "a {}"):
        static_addresses._version.cache_clear()
        (tmp_path / "x.css").write_text(content)
        addresses.append(static_url("x.css"))
    static_addresses._version.cache_clear()
    assert addresses[0] == addresses[2] != addresses[1]
    assert all(re.fullmatch(r"/static/x\.css\?v=[0-9a-f]{12}", one) for one in addresses)


def test_scripts_have_one_address_between_them_which_changes_with_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static_addresses, "STATIC", tmp_path)
    (tmp_path / "rooms").mkdir()
    (tmp_path / "messages").mkdir()
    (tmp_path / "rooms/other.js").write_text("export {}")
    addresses = []
    for content in ("1", "2", "1"):
        static_addresses._version.cache_clear()
        static_addresses.scripts_version.cache_clear()
        (tmp_path / "messages/x.js").write_text(content)
        addresses.append(static_url("rooms/other.js"))
    static_addresses._version.cache_clear()
    static_addresses.scripts_version.cache_clear()
    assert addresses[0] == addresses[2] != addresses[1]
    assert all(re.fullmatch(r"/static/[0-9a-f]{12}/rooms/other\.js", one) for one in addresses)
