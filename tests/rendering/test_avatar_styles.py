"""The avatar style sheet is right for every name, and nobody can write into it."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from littlechat.accounts.facade import Accounts
from littlechat.accounts.profile_values import Profile
from littlechat.accounts.profiles import Profiles
from littlechat.platform.database import Database, now
from littlechat.rendering import avatar_styles as module
from littlechat.rendering.avatar_styles import (
    FOUND_MAX,
    AvatarStyles,
    escaped,
    sheet,
)
from littlechat.text.words import joined_words


def person(name: str, display: str = "", avatar: str = "a1") -> Profile:
    return Profile("1", name, now(), display=display, avatar=avatar)


def unescaped(text: str) -> str:
    return re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), text)


@given(st.text())
def test_escapes_say_the_text_and_hold_nothing_else(text: str) -> None:
    assert re.fullmatch(r"(?:[0-9A-Za-z]|\\[0-9a-f]{6})*", escaped(text))
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize("name", ["Ben", "J.R.R._T-1", "Åsa", "王小明", "а́да"])
def test_a_person_s_elements_get_their_picture_and_name(name: str) -> None:
    rules = sheet([person(name, 'A "b" </style> \\ {} ; */ url(x)')])
    assert f'[data-author="{escaped(name)}"]' in rules
    assert "url(/avatars/a1)" in rules
    strings = re.findall(r'"([^"]*)"', rules)
    # In lists of conversations the avatar itself carries the name.
    assert f'.avatar[data-presence="{escaped(name)}"]' in rules
    assert {unescaped(one) for one in strings} == {name, 'A "b" </style> \\ {} ; */ url(x)'}
    assert f'[data-named="{escaped(name)}"]::after' in rules
    assert rules.count("{") == rules.count("}") == 3


def test_what_is_no_digest_is_no_address() -> None:
    assert "url" not in sheet([person("Ben", avatar="x) ; @import url(//evil.example)")])
    assert sheet([person("Ben", avatar="")]) == "@layer parts{}"


async def test_the_version_changes_with_what_people_look_like(db: Database) -> None:
    people = Profiles(db)
    ada = await Accounts(db).users.make("Ada")
    styles = AvatarStyles(people)
    assert await styles.load()
    assert not await styles.load()
    before = styles.version
    await people.set_avatar(ada, b"one", "image/webp")
    assert await styles.load()
    assert styles.version != before
    await people.remove_avatar(ada)
    await styles.load()
    assert styles.version == before


async def test_a_reading_that_was_overtaken_brings_nothing_old_back(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = Profiles(db)
    styles, gate = AvatarStyles(people), asyncio.Event()
    answers = [[person("Ada", "old")], [person("Ada", "new")]]

    async def list_customized() -> list[Profile]:
        answer = answers.pop(0)
        if answers:
            await gate.wait()
        return answer

    monkeypatch.setattr(people, "list_customized", list_customized)
    slow = asyncio.create_task(styles.load())
    await asyncio.sleep(0)
    assert await styles.load()
    gate.set()
    assert not await slow
    assert "new" in styles.sheet


async def test_display_names_are_found_by_words_the_exact_one_first(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = Profiles(db)
    everybody = [person(f"user{n}", f"Maria {n}") for n in range(FOUND_MAX + 10)]

    async def list_customized() -> list[Profile]:
        return [*everybody, person("last", "María")]

    monkeypatch.setattr(people, "list_customized", list_customized)
    styles = AvatarStyles(people)
    await styles.load()
    found = styles.find("maria")
    assert (found[0], len(found)) == ("last", FOUND_MAX)
    assert styles.find("mar 59") == ["user59"]
    for query in ("aria", "-", " ", ""):
        assert styles.find(query) == []


async def test_names_are_cut_into_words_when_they_are_loaded_and_only_new_ones(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, everybody, cut = Profiles(db), [person("Ada", "Countess"), person("Ben", "Big")], []

    async def list_customized() -> list[Profile]:
        return everybody

    def counted(text: str) -> str:
        cut.append(text)
        return joined_words(text)

    monkeypatch.setattr(people, "list_customized", list_customized)
    monkeypatch.setattr(module, "joined_words", counted)
    styles = AvatarStyles(people)
    await styles.load()
    assert cut == ["Countess", "Big"]
    everybody[0] = person("Ada", "Augusta")
    await styles.load()
    assert cut[2:] == ["Augusta"]
    assert (styles.find("au"), styles.find("coun")) == (["Ada"], [])
    assert cut[3:] == ["au", "coun"]
