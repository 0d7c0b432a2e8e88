"""What a host is, and what the address of a site is."""

import pytest

from littlechat.core.addresses import host_name, normal_host, origin_of


@pytest.mark.parametrize(
    ("host", "name"),
    [("chat.example:8000", "chat.example"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("a", "a")],
)
def test_a_host_has_a_name_without_its_port(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize("host", ["Chat.Example", "localhost:8000", "192.0.2.1", "[::1]:8000"])
def test_a_host_is_read_in_lower_case(host: str) -> None:
    assert normal_host(host) == host.lower()


@pytest.mark.parametrize(
    "host", ["", "a b", "a@b", "a/b", "a:b", "::1", "[::1", "a..b", "a.", "x" * 254, "a:123456"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert normal_host(host) is None


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://chat.example", "https://chat.example"),
        (" https://Chat.Example/ ", "https://chat.example"),
        ("https://chat.example:443", "https://chat.example"),
        ("http://192.0.2.1:8000", "http://192.0.2.1:8000"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_address_is_read_as_the_origin_of_its_pages(text: str, origin: str) -> None:
    assert origin_of(text) == origin


@pytest.mark.parametrize(
    "text",
    "- chat.example ftp://a https:// https://a@b https://a/b https://[ https://a?b https://a#b".split(),
)
def test_what_is_no_address_of_a_site_is_refused(text: str) -> None:
    assert origin_of(text) is None
