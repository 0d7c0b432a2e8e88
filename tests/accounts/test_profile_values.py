"""What people may tell about themselves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.accounts.profile_values import (
    BIO_MAX,
    DISPLAY_NAME_MAX,
    Profile,
    Status,
    display_key,
    validate_bio,
    validate_display,
    validate_status,
    validate_zone,
    zones,
)
from littlechat.core.errors import Invalid
from littlechat.core.validation import is_blank

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "valid"),
    [
        ("", ""),
        ("  ", ""),
        (" Ada   Lovelace ", "Ada Lovelace"),
        ("Åsa Öberg", "Åsa Öberg"),
        ("اَدا", "اَدا"),
        ("王小明 🌱", "王小明 🌱"),
        ("O’Neill, Ph.D.", "O’Neill, Ph.D."),
        ("x" * DISPLAY_NAME_MAX, "x" * DISPLAY_NAME_MAX),
    ],
)
def test_a_display_name_of_any_script_is_kept(raw: str, valid: str) -> None:
    assert validate_display(raw) == valid


@pytest.mark.parametrize(
    "raw",
    [
        "x" * (DISPLAY_NAME_MAX + 1),
        "Ada\u202eneB",
        "Ada\u200b",
        "Ada\0",
        "\u2800",
        "Ada\u3164",
        "—!",
        "a\ud800",
        "a\u2066b",
        "Ada\ufe0f",
        "a\ue000",
    ],
)
def test_a_display_name_that_deceives_the_eye_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_display(raw)
    assert set(refused.value.errors) == {"display"}


def test_names_that_look_alike_have_one_key() -> None:
    assert display_key("ADA\u200d") == display_key("ada") == display_key("Ａｄａ".lower())


@given(st.text(max_size=700))
def test_what_comes_out_is_bounded_and_shows(raw: str) -> None:
    for validate, most in ((validate_display, DISPLAY_NAME_MAX), (validate_bio, BIO_MAX)):
        try:
            text = validate(raw)
        except Invalid:
            continue
        assert len(text) <= most
        assert not text or not is_blank(text)
        text.encode()
        assert not [char for char in text if char in "\0\x1b\u202e\u2066"]


def test_lines_of_a_bio_stay_and_its_controls_go() -> None:
    assert validate_bio(" a\r\nb\x1b[31m\u202e ") == "a\nb[31m"
    assert validate_bio("\u200d") == ""
    with pytest.raises(Invalid, match="1 over"):
        validate_bio("x" * (BIO_MAX + 1))


def test_only_zones_on_the_list_are_taken() -> None:
    assert validate_zone("") == ""
    assert validate_zone("Europe/Berlin") == "Europe/Berlin"
    assert len(zones()) > 300
    for raw in ("Berlin", "../../etc/passwd", "Etc/GMT+5", "europe/berlin", "x" * 9_999):
        with pytest.raises(Invalid):
            validate_zone(raw)


def test_a_status_ends_when_it_said() -> None:
    assert validate_status(" out \n to  lunch 🥪", "1", NOON) == Status(
        "out to lunch 🥪", NOON + timedelta(hours=1)
    )
    lunch = validate_status("lunch", "1", NOON)
    assert lunch.holds(NOON + timedelta(minutes=59))
    assert not lunch.holds(NOON + timedelta(hours=1))
    assert validate_status("for good", "", NOON).holds(NOON + timedelta(days=9_999))
    assert not validate_status(" ", "1", NOON).holds(NOON)
    for text, hours in (("x" * 101, ""), ("x", "2"), ("x", "-1")):
        with pytest.raises(Invalid):
            validate_status(text, hours, NOON)


def test_the_local_time_is_the_zone_s() -> None:
    person = Profile("1", "Ada", NOON, zone="Asia/Tokyo")
    local = person.local_time(NOON)
    assert local
    assert f"{local:%H:%M}" == "21:00"
    assert Profile("1", "Ada", NOON).local_time(NOON) is None
    assert Profile("1", "Ada", NOON, zone="Mars/Base").local_time(NOON) is None
