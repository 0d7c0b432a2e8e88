"""What a browser may send up a socket: two small frames, now and then."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from littlechat.realtime.frames import (
    BAD_FRAMES_MAX,
    FRAME_BYTES_MAX,
    FRAMES_BURST,
    FRAMES_PER_SECOND,
    Allowance,
    pack,
    parse,
)

HEADERS = {"HX-Request": "true", "HX-Current-URL": "http://localhost/rooms/garden"}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "headers", "x"]), inner, max_size=4)
    ),
)


@pytest.mark.parametrize("kind", ["typing", "beat"])
def test_frame_as_the_page_sends_it_is_understood(kind: str) -> None:
    assert parse(json.dumps({"type": kind, "headers": HEADERS})) == kind


@pytest.mark.parametrize(
    ("idle", "said"),
    [
        (True, "away"),
        ("true", "away"),
        (False, "back"),
        ("false", "back"),
        ("yes", None),
        (None, None),
        ([True], None),
        ("x" * 999, None),
    ],
)
def test_a_beat_may_say_whether_anybody_is_there(idle: object, said: str | None) -> None:
    assert parse(json.dumps({"type": "beat", "idle": idle, "headers": HEADERS})) == said


@pytest.mark.parametrize(
    "data",
    [
        "",
        "typing",
        "{}",
        "[]",
        "null",
        '"typing"',
        '["typing"]',
        '{"type": null}',
        '{"type": ["typing"]}',
        '{"type": {"type": "typing"}}',
        '{"type": "Typing"}',
        '{"type": "message", "body": "hello"}',
        '{"type": "typing"',
        b'{"type": "typing"}',
    ],
)
def test_anything_else_is_refused(data: str | bytes) -> None:
    assert parse(data) is None


def test_frame_over_the_limit_is_refused_unread() -> None:
    frame = json.dumps({"type": "typing", "x": ""})
    padding = FRAME_BYTES_MAX - len(frame)
    assert parse(frame.replace('""', f'"{"x" * padding}"')) == "typing"
    assert parse(frame.replace('""', f'"{"x" * (padding + 1)}"')) is None


@given(st.text() | st.binary() | values.map(json.dumps))
@example("[" * FRAME_BYTES_MAX)
@example('{"a":' * (FRAME_BYTES_MAX // 5))
@example("9" * FRAME_BYTES_MAX)
@example('"\\ud800"')
@example("\ud800")
def test_parsing_never_raises(data: str | bytes) -> None:
    assert parse(data) in ("typing", "beat", None)


@given(values)
def test_only_an_object_with_a_known_type_is_understood(value: object) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    assert parse(json.dumps(value)) == (kind if kind in ("typing", "beat") else None)


@pytest.mark.parametrize(
    ("visible", "said"),
    [(True, "shown"), ("true", "shown"), (False, "hidden"), ("false", "hidden"), ("yes", None)],
)
def test_a_beat_may_say_whether_somebody_looks(visible: object, said: str | None) -> None:
    assert parse(json.dumps({"type": "beat", "visible": visible, "headers": HEADERS})) == said
    assert parse(json.dumps({"type": "typing", "visible": visible})) == "typing"


def test_honest_page_may_stay_all_day() -> None:
    allowance = Allowance(at=0.0)
    moments = sorted([*range(0, 86_400, 2), *range(0, 86_400, 20)])
    assert all(allowance.spend(float(now), good=True) for now in moments)


def test_burst_is_allowed_and_a_flood_is_not() -> None:
    allowance = Allowance(at=5.0)
    assert [allowance.spend(5.0, good=True) for _ in range(FRAMES_BURST + 1)] == (
        [True] * FRAMES_BURST + [False]
    )


def test_rest_gives_the_burst_back_and_no_more() -> None:
    allowance = Allowance(at=0.0)
    for _ in range(FRAMES_BURST):
        allowance.spend(0.0, good=True)
    day = 86_400.0
    assert [allowance.spend(day, good=True) for _ in range(FRAMES_BURST + 1)] == (
        [True] * FRAMES_BURST + [False]
    )


def test_bad_frames_are_counted_and_never_forgiven() -> None:
    allowance = Allowance(at=0.0)
    answers = []
    for hour in range(BAD_FRAMES_MAX + 1):
        assert allowance.spend(hour * 3_600.0, good=True)
        answers.append(allowance.spend(hour * 3_600.0 + 60, good=False))
    assert answers == [True] * BAD_FRAMES_MAX + [False]


@given(st.lists(st.floats(0, 10), max_size=300))
def test_no_rhythm_gets_more_through_than_the_burst_and_the_rate(pauses: list[float]) -> None:
    now, allowance = 0.0, Allowance(at=0.0)
    for passed, pause in enumerate(pauses, start=1):
        now += pause
        if not allowance.spend(now, good=True):
            break
        assert passed <= FRAMES_BURST + now * FRAMES_PER_SECOND + 1e-6


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_frame_is_packed_as_the_standard_says(size: int) -> None:
    payload = b"x" * size
    assert pack(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
