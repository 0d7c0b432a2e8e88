"""Addresses with passwords in them: read alike by everybody, or refused without a word of them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymongo.uri_parser import parse_uri

from littlechat.platform.configuration import ConfigError, Settings
from littlechat.platform.database import Database, Unavailable
from littlechat.platform.server_addresses import has_readable_credentials, hosts_of
from tests.factories import SECRET_KEY

SECRETS = ("Quz", "Wyx", "4711", "0815")
"""No part of a sentence of ours, so that whatever is printed of them is seen."""

passwords = st.lists(st.sampled_from([*SECRETS, *"@:/?#%[] ,;=+&"]), min_size=1, max_size=8).map(
    "".join
)


def shows_a_part(text: str) -> bool:
    return any(part in text for part in SECRETS)


def refused(env: dict[str, str]) -> str:
    """Return the sentence with which settings are refused, empty if they are not."""
    try:
        Settings.from_environment({"SECRET_KEY": SECRET_KEY, **env})
    except ConfigError as error:
        return str(error)
    return ""


@given(passwords)
@example("Quz/Wyx")
@example("Quz?Wyx")
@example("Quz#Wyx")
@example("4711/Wyx@Quz")
@example("100%Quz")
@example("Quz@Wyx")
@example("4711:Quz")
def test_no_password_is_ever_printed_or_taken_for_a_host(password: str) -> None:
    uri = f"mongodb://ada:{password}@db.invalid:27017/chat"
    assert hosts_of(uri) == "db.invalid:27017"
    if sentence := refused({"MONGODB_URI": uri}):
        assert "percent-encode" in sentence
        assert not shows_a_part(sentence)
    else:
        assert parse_uri(uri)["nodelist"] == [("db.invalid", 27_017)]


@given(passwords)
def test_words_of_the_driver_never_get_through(password: str) -> None:
    error = None
    try:
        Database(f"mongodb://ada:{password}@127.0.0.1:1/chat").close()
    except Unavailable as refusal:
        error = refusal
    assert not shows_a_part(str(error))
    assert error is None or error.__suppress_context__ or error.__context__ is None


@given(passwords)
def test_password_of_redis_is_treated_alike(password: str) -> None:
    sentence = refused({"REDIS_URL": f"redis://:{password}@cache.invalid:6379/0"})
    assert not sentence or "percent-encode" in sentence
    assert not shows_a_part(sentence)


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://one:1,two:2/chat?replicaSet=a",
        "mongodb://ada@host/",
        "mongodb://ada:p%40ss%2Fw@host/chat",
        "mongodb+srv://ada:secret@cluster.invalid",
        "mongodb://ada:it's-(fine)!@[::1]:27017/",
        "unix:///run/redis.sock?db=1",
        "redis://cache:6379/1",
    ],
)
def test_encoded_address_is_readable(uri: str) -> None:
    assert has_readable_credentials(uri)
