"""Addresses of the internet, and all those that only look so."""

import pytest

from littlechat.addresses import is_public, is_public_host


@pytest.mark.parametrize("text", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert is_public(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::",
        "::1",
        "::127.0.0.1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::169.254.169.254",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:db8::1",
        "localhost",
        "",
    ],
)
def test_an_address_of_this_machine_or_network_is_not(text: str) -> None:
    assert not is_public(text)


def test_a_host_must_be_a_name_of_the_internet_or_a_public_address() -> None:
    for host in ("push.example.com", "8.8.8.8", "2606:4700::1111", "a.b."):
        assert is_public_host(host)
    wrong = "localhost a.localhost router.local x.internal intranet 127.0.0.1 127.0.0.1. 0x7f.1"
    for host in (*wrong.split(), "127.0.0.0x1", "2130706433", "::1", "", "."):
        assert not is_public_host(host), host
