"""Who hears of a message, and when not; and what may come from outside."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.core.errors import Invalid
from littlechat.core.messages import Message
from littlechat.core.rooms import Level, Membership, everyone_in
from littlechat.notifications.rules import (
    AUTH_BYTES,
    ENDPOINT_MAX,
    P256DH_BYTES,
    Notification,
    Preferences,
    validate_endpoint,
    validate_key,
    validate_level,
    validate_preferences,
    wants,
)
from tests.browsers import text

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEN = Membership("garden", "ben", "Ben", "member", NOON)
SAID = Message("garden", 1, "ada", "Ada", "hello", NOON)
TO_BEN = replace(SAID, addressed_to=("ben",))
TO_ALL = replace(SAID, addressed_to=(everyone_in("garden"),))


@pytest.mark.parametrize(
    ("own", "usual", "direct", "hears"),
    [
        (None, "mentions", False, [False, True, True]),
        (None, "everything", False, [True, True, True]),
        (None, "nothing", False, [False, False, False]),
        (None, "mentions", True, [True, True, True]),
        (None, "nothing", True, [True, True, True]),
        ("nothing", "everything", True, [False, False, False]),
        ("mentions", "everything", False, [False, True, True]),
        ("everything", "nothing", False, [True, True, True]),
    ],
)
def test_a_member_is_notified_by_their_level_of_the_room_else_by_their_usual_one(
    own: Level | None, usual: Level, direct: bool, hears: list[bool]
) -> None:
    member, chosen = replace(BEN, level=own), Preferences(level=usual)
    found = [wants(member, chosen, one, direct=direct) for one in (SAID, TO_BEN, TO_ALL)]
    assert found == hears


def test_an_author_is_never_notified_of_their_own_message() -> None:
    own = replace(TO_ALL, author_id="ben")
    assert not wants(BEN, Preferences(level="everything"), own, direct=True)
    elsewhere = replace(SAID, addressed_to=(everyone_in("attic"), "cleo"))
    assert not wants(BEN, Preferences(), elsewhere, direct=False)


def quiet(start: str, end: str, zone: str = "") -> Preferences:
    return validate_preferences("mentions", start, end, zone)


def at(zone: str, *values: int) -> datetime:
    return datetime(*values, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc,arg-type]


def test_quiet_hours_may_go_over_midnight() -> None:
    night = quiet("22:00", "07:00")
    for hour, silent in ((21, False), (22, True), (23, True), (0, True), (6, True), (7, False)):
        assert night.is_quiet(NOON.replace(hour=hour)) == silent
    day = quiet("09:00", "17:30")
    for moment, silent in ((time(8, 59), False), (time(9), True), (time(17, 30), False)):
        assert day.is_quiet(datetime.combine(NOON, moment, UTC)) == silent
    assert not quiet("", "").is_quiet(NOON)


def test_quiet_hours_go_by_the_clocks_of_the_place_and_by_its_summer_time() -> None:
    night = quiet("22:00", "07:00", "Europe/Berlin")
    # On 29 March 2026 clocks there go from 2:00 to 3:00: seven is an hour sooner.
    for day, utc_end in ((28, 6), (29, 5)):
        end = datetime(2026, 3, day, utc_end, tzinfo=UTC)
        assert not night.is_quiet(end)
        assert night.is_quiet(end.replace(hour=utc_end - 1, minute=59))
    # On 25 October half past two comes twice: both are in the night, neither in the afternoon.
    for fold in (0, 1):
        twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
        assert night.is_quiet(twice.astimezone(UTC))
        assert not quiet("13:00", "14:00", "Europe/Berlin").is_quiet(twice.astimezone(UTC))
    assert quiet("22:00", "23:00", "Asia/Kolkata").is_quiet(at("Asia/Kolkata", 2026, 1, 1, 22, 30))


@given(st.times(), st.times(), st.datetimes(timezones=st.just(UTC)))
def test_outside_quiet_hours_is_inside_their_complement(
    start: time, end: time, moment: datetime
) -> None:
    if start != end:
        there, back = (
            Preferences(quiet_from=start, quiet_to=end),
            Preferences(quiet_from=end, quiet_to=start),
        )
        assert there.is_quiet(moment) != back.is_quiet(moment)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (("loud", "", "", ""), "level"),
        (("mentions", "22:00", "", ""), "quiet"),
        (("mentions", "", "07:00", ""), "quiet"),
        (("mentions", "22:00", "22:00", ""), "quiet"),
        (("mentions", "25:00", "07:00", ""), "quiet"),
        (("mentions", "late", "07:00", ""), "quiet"),
        (("mentions", "22:00", "07:00", "Mars/Olympus"), "zone"),
        (("mentions", "22:00", "07:00", "../../etc/passwd"), "zone"),
    ],
)
def test_preferences_that_make_no_sense_are_refused(values: tuple[str, ...], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_preferences(*values)
    assert list(refused.value.errors) == [field]
    assert refused.value.errors[field].endswith(".")


def test_levels_are_three() -> None:
    assert [validate_level(one) for one in ("everything", "mentions", "nothing")]
    with pytest.raises(Invalid):
        validate_level("")


def test_an_endpoint_is_an_address_of_a_push_service() -> None:
    for good in ("https://fcm.googleapis.com/fcm/send/abc:def", "https://web.push.apple.com/Q"):
        assert validate_endpoint(good) == good
    wrong = """http://push.example.com/x https://localhost/x https://127.0.0.1/x https://[::1]/x
        https://10.0.0.1/ https://user@push.example.com/ https://push.example.com:8080/ ftp://a.b/
        https:// javascript:alert(1) //push.example.com/ https://intranet/ https://push.example.com:x/
        https://2130706433/ https://é.example/ https://a.b\\c/""".split()
    for raw in (
        *wrong,
        "",
        "https://a.b/" + "x" * ENDPOINT_MAX,
        "https://a.b/ x",
        "https://a.b/\n",
    ):
        with pytest.raises(Invalid):
            validate_endpoint(raw)
    assert validate_endpoint("http://localhost:1/x", private=True)


def test_keys_have_their_length_and_a_point_its_form() -> None:
    point, secret = b"\4" + b"x" * 64, b"y" * 16
    assert validate_key(text(point), P256DH_BYTES) == text(point)
    assert validate_key(text(secret) + "==", AUTH_BYTES) == text(secret)
    for raw, size in (
        ("", AUTH_BYTES),
        ("é" * 22, AUTH_BYTES),
        (text(secret)[:-3], AUTH_BYTES),
        (text(b"\2" + b"x" * 64), P256DH_BYTES),
        ("A" * 10_000, AUTH_BYTES),
    ):
        with pytest.raises(Invalid):
            validate_key(raw, size)


def test_a_notification_fits_into_what_push_services_take() -> None:
    longest = Notification(
        "🎉" * 95, "🎉" * 140, "/rooms/" + "x" * 60 + "?around=1#message-1", "y" * 32
    )
    assert len(longest.packed()) < 3_000
