"""Which emoji may stand under a message, and which the picker offers."""

import pytest

from littlechat.core.errors import Invalid
from littlechat.text.emoji import SKIN_TONES, list_groups, validate_emoji


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("👍", "👍"),
        ("❤", "❤️"),
        ("❤️", "❤️"),
        ("👍🏽", "👍🏽"),
        ("👩🏽‍💻", "👩🏽‍💻"),
        ("🇩🇪", "🇩🇪"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ("1️⃣", "1️⃣"),
    ],
)
def test_one_emoji_is_stored_in_one_way(raw: str, stored: str) -> None:
    assert validate_emoji(raw) == stored


BROKEN = " |a|1|👍👍|👍 |thumbs up|:+1:|<b>|\ufe0f|\u200d|🏽|\0|\ud800|🇩".split("|")


@pytest.mark.parametrize("raw", ["", *BROKEN, "👍" * 50, "x" * 100_000])
def test_anything_else_is_refused(raw: str) -> None:
    with pytest.raises(Invalid, match="A reaction is one emoji"):
        validate_emoji(raw)


def test_picker_offers_each_once_and_all_are_valid() -> None:
    offered = [emoji for _, members in list_groups() for emoji in members]
    chars = [emoji.char for emoji in offered]
    assert len(set(chars)) == len(chars) > 1_500
    assert [validate_emoji(char) for char in chars] == chars
    assert all(emoji.name == emoji.name.lower() and emoji.name for emoji in offered)
    assert not any(ord(one) in SKIN_TONES for char in chars for one in char)


def test_groups_hold_what_their_titles_say() -> None:
    groups = {title: {one.char for one in members} for title, members in list_groups()}
    assert all(groups.values())
    for title, char in (
        ("Faces", "😀"),
        ("Hands and people", "👍"),
        ("Hearts and signs of feeling", "❤️"),
        ("Animals and nature", "🐙"),
        ("Food and drink", "🍕"),
        ("Activities", "🎉"),
        ("Travel and places", "🚀"),
        ("Flags", "🇫🇷"),
        ("Objects", "💡"),
        ("Symbols", "✅"),
    ):
        assert char in groups[title], char


def test_an_emoji_is_found_by_its_other_names() -> None:
    words = {one.char: f"{one.name} {one.words}" for _, members in list_groups() for one in members}
    assert "tada" in words["🎉"]
    assert "thumbs up" in words["👍"]
