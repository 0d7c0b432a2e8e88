"""Public addresses are allowed; private ones are refused in every notation."""

import pytest

from littlechat.platform.network_guard import is_public, is_public_host


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "172.32.0.1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ],
)
def test_public_addresses_may_be_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.10", "::1", "0.0.0.0", "0.1.2.3", "::"),
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.0.1"),
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fec0::1"),
        *("fc00::1", "fd00:ec2::254", "fd12:3456::1"),
        *("224.0.0.1", "224.0.1.1", "239.1.2.3", "255.255.255.255", "240.0.0.1", "ff02::1"),
        *("ff0e::1", "192.0.0.9", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7"),
        *("192.88.99.1", "2001:db8::1", "3fff::1", "5f00::1", "100::1"),
        # An address within an address.
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1"),
        *("2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "::127.0.0.1", "::a00:1"),
        # Not an address: what a resolver never returns says nothing.
        *("", "localhost", "2130706433", "0x7f000001", "127.1", "017700000001", "1.1.1.1:80"),
        *("[::1]", " 1.1.1.1", "1.1.1.1\n", "1.1.1.1%eth0"),
    ],
)
def test_everything_else_may_not(address: str) -> None:
    assert not is_public(address)


def test_a_host_must_be_a_name_of_the_internet_or_a_public_address() -> None:
    for host in ("push.example.com", "8.8.8.8", "2606:4700::1111", "a.b."):
        assert is_public_host(host)
    wrong = "localhost a.localhost router.local x.internal intranet 127.0.0.1 127.0.0.1. 0x7f.1"
    for host in (*wrong.split(), "127.0.0.0x1", "2130706433", "::1", "", "."):
        assert not is_public_host(host), host
