"""Where addresses in a text begin and end. The rules, with cases in every script: docs/text.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.text.links import STEPS_FACTOR, find


def found(text: str) -> list[str]:
    return [text[one.start : one.end] for one in find(text)]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (
            "http://[::1]:8000/x http://localhost:8000",
            ["http://[::1]:8000/x", "http://localhost:8000"],
        ),
        ("https://user:pw@a.example/x", ["https://user:pw@a.example/x"]),
        ("HTTPS://A.example", ["HTTPS://A.example"]),
        ("'https://a.example/it's'", ["https://a.example/it's"]),
        ("https://a.example/?q=[1]&r={2}", ["https://a.example/?q=[1]&r={2}"]),
        ("https://a.example/b] c) d}", ["https://a.example/b"]),
        ("https://a.example/b(c d)", ["https://a.example/b"]),
        ("https://a.example/b(c\nd)", ["https://a.example/b(c"]),
        ("https://a.example/x–y·z…", ["https://a.example/x–y·z"]),
        ("https://a.example/\u202ex", ["https://a.example/"]),
        (
            "https://web.example/2020/https://a.example/",
            ["https://web.example/2020/https://a.example/"],
        ),
        ("xhttps://a.example view-source:https://a.example", ["https://a.example"]),
        ("смhttps://a.example üben@a.example", ["https://a.example"]),
        ("www.a.example/b_c_ (www.b.example)", ["www.a.example/b_c_", "www.b.example"]),
        ("awww.a.example ftp://www.a.example -www.a.example", []),
        ("mailto:ben@a.example?subject=x%20y.", ["mailto:ben@a.example?subject=x%20y"]),
        ("ben+a.b@a-b.example, .ben@a.example", ["ben+a.b@a-b.example", "ben@a.example"]),
        ("ben@a ben@a.b2 ben@a.example@x x/ben@a.example \\ben@a.example", []),
        ("https:// http://. https://?a http:///x mailto:x @ www.", []),
    ],
)
def test_an_address_is_what_belongs_to_it(text: str, addresses: list[str]) -> None:
    assert found(text) == addresses


def test_www_leads_to_https_and_a_bare_mail_address_to_mail() -> None:
    assert [one.href for one in find("www.a.example ben@a.example")] == [
        "https://www.a.example",
        "mailto:ben@a.example",
    ]


@given(st.text("htps:/w.@a-é日を()[], \n", max_size=80))
def test_addresses_stand_in_order_and_apart(text: str) -> None:
    ends = [0, *(one.end for one in find(text))]
    starts = [one.start for one in find(text)]
    assert all(end <= start for end, start in zip(ends, starts, strict=False))
    assert all(one.start < one.end for one in find(text))


def test_a_text_of_addresses_that_end_early_is_given_up() -> None:
    text = "http://a/[" * 800 + " ]"
    assert 0 < len(find(text)) <= STEPS_FACTOR + 1
