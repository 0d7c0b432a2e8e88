"""What templates write of names, times, browsers and pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.core.messages import (
    File,
)
from littlechat.rendering.static_addresses import STATIC
from littlechat.rendering.template_filters import (
    HUES,
    browser,
    hue,
    initial,
    iso,
    shown_size,
    utc,
    who,
)
from tests.rendering.samples import AT


@pytest.mark.parametrize(
    ("name", "letter"),
    [("ada", "A"), ("_éa", "É"), ("李", "李"), ("42", "4"), ("😀", "#"), ("", "#"), ("ßa", "S")],
)
def test_initial_is_the_first_letter_or_digit(name: str, letter: str) -> None:
    assert initial(name) == letter


@given(st.text(max_size=20))
def test_colour_is_one_of_those_that_exist_and_the_same_in_any_case(name: str) -> None:
    assert 0 <= hue(name) < HUES
    assert hue(name.upper().lower()) == hue(name.upper())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["Ada"], "Ada"),
        (["Ada", "Ben"], "Ada and Ben"),
        (["Ada", "Ben", "Cleo"], "Ada, Ben and Cleo"),
        ([str(n) for n in range(21)], ", ".join(map(str, range(20))) + " and 1 other"),
        ([str(n) for n in range(90)], ", ".join(map(str, range(20))) + " and 70 others"),
    ],
)
def test_people_are_named_in_words_and_many_are_counted(names: list[str], words: str) -> None:
    assert who(names) == words


def test_style_sheets_name_every_colour() -> None:
    sheets = "".join(path.read_text() for path in STATIC.rglob("*.css"))
    assert {number for number in range(HUES) if f"hue-{number}" not in sheets} == set()


def test_moments_are_written_in_utc() -> None:
    assert iso(AT) == "2026-03-04T05:06:07.089Z"
    assert utc(AT) == "2026-03-04 05:06 UTC"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like "
            "Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0",
            "Opera on macOS",
        ),
        ("curl/8.5.0", "curl"),
        ("<script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_browser_is_named_as_people_name_it(agent: str, words: str) -> None:
    assert browser(agent) == words


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [
        (100, 50, (100, 50)),
        (1_440, 720, (360, 180)),
        (720, 1_440, (180, 360)),
        (9_000, 3, (360, 1)),
        (None, None, (1, 1)),
    ],
)
def test_picture_takes_its_place_before_it_arrives(
    width: int | None, height: int | None, shown: tuple[int, int]
) -> None:
    assert shown_size(File("f", "a", "image/png", 1, width, height)) == shown
