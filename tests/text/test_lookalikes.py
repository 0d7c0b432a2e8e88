"""Names that look alike in Unicode's sense, and names that are reserved."""

from itertools import combinations

import pytest

from littlechat.text.lookalikes import is_reserved, list_looks, look_alike


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("Ada", "Аda"),  # Cyrillic
        ("ada", "аdа"),
        ("Ada", "АDА"),
        ("Sascha", "Ѕаѕсhа"),
        ("Lobby", "L\u043ebby"),
        ("Lobby", "Lob\u200bby"),
        ("Lobby", "Lobby\u2800"),
        ("Lobby", "Lobby\u3164"),
        ("Lobby", "\u202eLobby"),
        ("Lobby", "Lobby \u200d"),
        ("Lobby", "Ｌｏｂｂｙ"),
        ("Lobby", "𝓛𝓸𝓫𝓫𝔂"),
        ("Bill", "BiIl"),  # A capital I.
        ("Bill", "Bi1l"),
        ("Alice", "aIice"),
        ("burns", "bums"),
        ("Анна", "Aннa"),  # A Latin A at both ends.
        ("АННА", "AHHA"),
        ("Ада", "Aдa"),
        ("élan", "e\u0301\u0301lan"),
        ("a-b", "a‐b"),
        ("नमस्ते", "नमस्\u200dते"),
        ("日本", "⽇本"),
        ("Room 10", "Room 1O"),
    ],
)
def test_what_looks_alike_is_found(name: str, twin: str) -> None:
    assert look_alike(name, twin)
    assert look_alike(twin, name)


NAMES = (
    "Ada Adá Аня Анна Олег Игорь Юлия Ηλίας Γιώργος Μαρία محمد אדם 王伟 田中 김철수 สมชาย "
    "अमित Mai Mal Lan Ann Anne Anna Bill Bil Zoë Zoe Åsa Asa Gül Gul Łukasz Lukasz Ivan "
    "O’Neil Jose José Straße Strase Ben Benno user1 user2 Ñandu Nandu აკაკი Արամ ஆதி"
).split()


def test_names_of_every_script_that_do_not_look_alike_are_kept_apart() -> None:
    assert [pair for pair in combinations(NAMES, 2) if look_alike(*pair)] == []


def test_a_skeleton_of_a_skeleton_is_the_same() -> None:
    for name in (*NAMES, "Ѕаѕсhа", "burns", "㈰", "⑴", "Room 1O", "ﷺ"):
        for look in list_looks(name):
            assert look in list_looks(look)


def test_the_cost_of_the_longest_name_is_small() -> None:
    assert all(len(look) < 1_500 for look in list_looks("\ufdfa" * 60))


@pytest.mark.parametrize(
    "name",
    "admin Admin ADMIN аdmin ADMlN adm1n AdmIn ad.min ad-min admin_ ɑdmin system sуstem Support "
    "root r00t rооt littlechat Iittlechat IittIechat LITTLECHAT lobby-bot LobbyBot "
    "moderator rnoderator аll eveгyone Here channel all owner".split(),
)
def test_a_reserved_name_is_reserved_however_it_is_spelled(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", [*NAMES, "Roots", "Alla", "Adam", "supporter", "Harper", "bot"])
def test_other_names_are_not_reserved(name: str) -> None:
    assert not is_reserved(name)
