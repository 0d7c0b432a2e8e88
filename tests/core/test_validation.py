"""What people send is validated: it becomes a value, or is refused with a sentence."""

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from littlechat.core.errors import Invalid
from littlechat.core.limits import (
    BODY_MAX,
    CLIENT_ID_MAX,
    DESCRIPTION_MAX,
    DIRECT_MAX,
    NAME_MAX,
    PASSWORD_MAX,
    ROOM_NAME_MAX,
    SEQ_MAX,
)
from littlechat.core.validation import (
    is_blank,
    validate_body,
    validate_client_id,
    validate_description,
    validate_number,
    validate_password,
    validate_people,
    validate_room_name,
    validate_switch,
    validate_username,
    validate_visibility,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
INVISIBLE = "\u200b\u2060\ufeff\u00ad\u115f\u1160\u3164\uffa0\u034f\ufe0f\u2800\U000e0101"
COMMON = frozenset({"password", "12345678", "correct horse"})


# Names


@pytest.mark.parametrize("name", ["Ada", "b3n", "Zoë", "李小龙", "मीरा", "o.k-_", "x" * 32])
def test_username_of_any_script_is_kept_as_it_is(name: str) -> None:
    assert validate_username(f"  {name}\n") == name


@pytest.mark.parametrize(
    "raw",
    ["", " ", "a", "x" * 33, "a b", "a/b", "<b>", ".ab", "-ab", "_ab", "a\0b", "a@b", "½½", "😀😀"],
)
def test_username_that_breaks_a_rule_is_refused_at_its_field(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_username(raw)
    assert list(refused.value.errors) == ["username"]
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("name", ["all", "Here", "EVERYONE", "channel"])
def test_a_word_that_calls_a_whole_room_is_nobodys_name(name: str) -> None:
    with pytest.raises(Invalid, match=f"@{name} calls a whole room"):
        validate_username(name)


@pytest.mark.parametrize("char", INVISIBLE)
def test_username_cannot_be_a_lookalike_by_a_character_that_shows_nothing(char: str) -> None:
    with pytest.raises(Invalid):
        validate_username(f"Ada{char}b")


@given(st.text(max_size=40))
@example("\u0344a")
def test_a_validated_username_is_valid_and_unchanged(raw: str) -> None:
    try:
        name = validate_username(raw)
    except Invalid:
        return
    assert validate_username(name) == name
    assert 2 <= len(name) <= NAME_MAX
    assert not re.search(r"[\s/<>&\"'@]", name)


# Passwords


@pytest.mark.parametrize("raw", ["tolerably long", "        ñ x", "пароль на память"])
def test_password_of_any_characters_is_kept_unchanged(raw: str) -> None:
    assert validate_password(raw, "Ada", COMMON) == raw


@pytest.mark.parametrize(
    "raw", ["", "seven77", "x" * (PASSWORD_MAX + 1), "PassWord", "ada.LOVELACE", "abababab"]
)
def test_password_that_a_stranger_would_try_is_refused_and_not_repeated(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_password(raw, "Ada.Lovelace", COMMON)
    assert list(refused.value.errors) == ["password"]
    assert not raw or raw not in str(refused.value)


# Rooms


def test_room_name_is_one_line_without_controls() -> None:
    assert validate_room_name("  The\r\n\tGarden\x00 \x1b ") == "The Garden"


@pytest.mark.parametrize("raw", ["", " \n", "\0", "x" * (ROOM_NAME_MAX + 1), *INVISIBLE])
def test_room_name_that_shows_nothing_or_too_much_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_room_name(raw)
    assert list(refused.value.errors) == ["name"]


def test_description_may_be_empty_but_not_long() -> None:
    assert validate_description(" \n ") == ""
    assert validate_description("a\nb") == "a b"
    assert len(validate_description("x" * DESCRIPTION_MAX)) == DESCRIPTION_MAX
    with pytest.raises(Invalid) as refused:
        validate_description("x" * (DESCRIPTION_MAX + 1))
    assert list(refused.value.errors) == ["description"]


def test_visibility_is_public_unless_said_otherwise() -> None:
    assert [validate_visibility(raw) for raw in ("", "public", "private")] == [
        "public",
        "public",
        "private",
    ]
    for raw in ("Private", "secret", " private"):
        with pytest.raises(Invalid):
            validate_visibility(raw)


# Messages


@pytest.mark.parametrize(
    ("raw", "valid"),
    [
        ("hello", "hello"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\n\n    code\n\n", "    code"),
        ("a\0\x1b[31m\x85b", "a[31mb"),
        ("a\ud800b", "ab"),
        ("tab\there  \n ", "tab\there"),
        ("👩\u200d👧", "👩\u200d👧"),
    ],
)
def test_body_keeps_what_shows(raw: str, valid: str) -> None:
    assert validate_body(raw) == valid


@pytest.mark.parametrize("raw", ["", " \n\t", "\u200b\u2060", "\0\x1b", *INVISIBLE])
def test_body_that_shows_nothing_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_body(raw)
    assert list(refused.value.errors) == ["body"]


def test_body_too_long_is_refused_with_by_how_much() -> None:
    assert len(validate_body("x" * BODY_MAX + "\n")) == BODY_MAX
    with pytest.raises(Invalid, match=r"at most 8,000 characters; this one is 1,234 over\."):
        validate_body("x" * (BODY_MAX + 1234))


@given(st.text(st.characters(), max_size=60))
@example("a\n\x85")
def test_a_validated_body_is_valid_and_unchanged(raw: str) -> None:
    try:
        body = validate_body(raw)
    except Invalid:
        return
    assert validate_body(body) == body
    assert not is_blank(body)
    body.encode()
    assert {unicodedata.category(c) for c in body if c not in "\n\t"}.isdisjoint({"Cc", "Cs"})


def test_client_id_is_kept_or_made() -> None:
    assert validate_client_id("Az09_-") == "Az09_-"
    assert validate_client_id("") != validate_client_id("")


@pytest.mark.parametrize("raw", [" ", "a b", "a\n", "é", "$where", "x" * (CLIENT_ID_MAX + 1)])
def test_malformed_client_id_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_client_id(raw)
    assert list(refused.value.errors) == ["client_id"]


# Ids and cursors


@pytest.mark.parametrize(
    ("raw", "seq"), [("", None), ("0", 0), ("1", 1), ("007", 7), (str(SEQ_MAX), SEQ_MAX)]
)
def test_number_of_a_message_is_a_number_or_none(raw: str, seq: int | None) -> None:
    assert validate_number(raw, "thread", None) == seq


@pytest.mark.parametrize(
    "raw", ["-1", "1.0", " 1", "1e3", "x", "٣", "²", "+1", "9" * 16, "1" * 5_000]
)
def test_malformed_number_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_number(raw, "thread", None)
    assert refused.value.errors == {"thread": "“thread” is a whole number."}


def test_number_has_a_usual_value_and_its_bounds_are_told() -> None:
    assert [validate_number(raw, "days", 7, least=1, most=90) for raw in ("", "1", "90")] == [
        7,
        1,
        90,
    ]
    for raw in ("0", "91", "x"):
        with pytest.raises(Invalid) as refused:
            validate_number(raw, "days", 7, least=1, most=90)
        assert refused.value.errors == {"days": "This is a whole number from 1 to 90."}


def test_switch_is_on_off_or_not_spoken_of() -> None:
    assert [validate_switch(raw, "on") for raw in ("1", "0", "")] == [True, False, None]
    for raw in ("on", "true", "2", " "):
        with pytest.raises(Invalid):
            validate_switch(raw, "on")


# Direct conversations


@pytest.mark.parametrize("raw", [[], ["", "  "], [f"n{n}" for n in range(DIRECT_MAX + 1)]])
def test_nobody_and_too_many_are_no_conversation(raw: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        validate_people(raw)
    assert list(refused.value.errors) == ["name"]


def test_people_are_named_once_and_no_name_is_cut_to_another() -> None:
    assert validate_people([" Ben ", "Ben", "Ada"]) == ("Ben", "Ada")
    assert validate_people(["x" * 50]) == ("x" * (NAME_MAX + 1),)
