"""The rules of docs/text.md: what is typed in a table's left column shows as its right one."""

import html
import re
from pathlib import Path

import pytest

from littlechat.text.markdown import to_html

PAGE = Path(__file__).parents[2] / "docs" / "text.md"
NAMES = ("Ben", "Ann", "Ann-Marie", "o.k", "田中", "지민", "Zoë", "all", "here")


def cell(text: str) -> str:
    """Return what stands between the backticks of a table's cell."""
    match = re.fullmatch(r"(`+)(.*)\1", text.strip())
    assert match, text
    return match[2].removeprefix(" ") if match[2].startswith(" `") else match[2]


def cases() -> list[tuple[str, str]]:
    found = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `"):
            typed, shown = re.split(r" \| (?=`)", line.strip("| "))
            found.append((cell(typed).strip(" ").replace("⏎", "\n"), cell(shown)))
    return found


def shown(text: str) -> str:
    """Render a text; leave out attributes but numbers, and breaks between blocks."""
    rendered = re.sub(r' (?!start|value|data-language)[a-z-]+="[^"]*"', "", to_html(text, NAMES))
    pieces = re.split(r"(<pre.*?</pre>)", rendered, flags=re.DOTALL)
    return html.unescape(
        "".join(
            one.replace("\n", "⏎") if one.startswith("<pre") else one.replace("\n", "")
            for one in pieces
        )
    )


def test_the_page_has_tables_of_cases() -> None:
    assert len(cases()) >= 60


@pytest.mark.parametrize(("typed", "expected"), cases())
def test_what_is_typed_shows_as_the_page_says(typed: str, expected: str) -> None:
    assert shown(typed) == expected
