"""Whom a text addresses, and who may call everybody."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from littlechat.core.errors import Invalid
from littlechat.core.people import User
from littlechat.core.rooms import Membership, everyone_in
from littlechat.platform.database import now
from littlechat.text.addressing import (
    HERE_MAX,
    MENTION_ALL_MAX,
    NOBODY,
    Unreached,
    find,
    find_unreached,
    list_other_names,
    may_mention_all,
)
from tests.tabs import ADA, BEN, CLEO, DAN, somebody


def in_garden(*users: User, manager: User = ADA) -> list[Membership]:
    return [
        Membership("garden", one.id, one.name, "creator" if one == manager else "member", now())
        for one in users
    ]


FEW = in_garden(ADA, BEN, CLEO)
MANY = in_garden(ADA, BEN, *(somebody(f"p{n}") for n in range(MENTION_ALL_MAX)))


def concerned(body: str, author: User = ADA, members: Sequence[Membership] = FEW) -> set[str]:
    return set(find("garden", body, author, members).addressed_to)


def test_members_are_addressed_by_name_and_nobody_else() -> None:
    named = find("garden", "@ben and @Cleo, ask @Dan", ADA, FEW)
    assert named.mentions == ("Ben", "Cleo")
    assert named.addressed_to == (BEN.id, CLEO.id)
    assert concerned(f"@{DAN.name}") == set()


def test_code_links_and_addresses_address_nobody() -> None:
    text = "`@Ben`\n\n```\n@Ben\n```\n\n[@Ben](https://a.example) https://a.example/@Ben x@Ben.de"
    assert find("garden", text, ADA, FEW) == NOBODY


def test_who_names_themselves_is_not_told_and_yet_marked() -> None:
    named = find("garden", "@Ada @ada", ADA, FEW)
    assert (named.mentions, named.addressed_to) == (("Ada",), ())


@pytest.mark.parametrize("word", ["all", "All"])
def test_anybody_calls_all_of_a_small_room(word: str) -> None:
    named = find("garden", f"@{word} @Ben", CLEO, FEW)
    assert named.mentions == (word.lower(), "Ben")
    assert named.addressed_to == (everyone_in("garden"), BEN.id)


def test_here_calls_those_of_the_room_who_are_online() -> None:
    online = {"Cleo", "Ben", "Dan"}
    named = find("garden", "@here: tea", CLEO, FEW, online)
    assert (named.mentions, named.addressed_to) == (("here", "Ben"), (BEN.id,))
    assert find("garden", "tea, @Ada", CLEO, FEW, online).addressed_to == (ADA.id,)
    named = find("garden", "@here, and @Ada", CLEO, FEW, online)
    assert (named.mentions, named.addressed_to) == (("here", "Ada", "Ben"), (ADA.id, BEN.id))
    assert find("garden", "@all @here", CLEO, FEW, online).addressed_to == (
        everyone_in("garden"),
        BEN.id,
    )
    assert find("garden", "@here", CLEO, FEW).addressed_to == ()


def test_more_than_can_be_named_are_called_by_all_alone() -> None:
    crowd = [somebody(f"p{n}") for n in range(HERE_MAX + 1)]
    members, online = in_garden(ADA, *crowd), [one.name for one in crowd]
    assert len(find("garden", "@here", ADA, members, online[1:]).addressed_to) == HERE_MAX
    with pytest.raises(Invalid, match="501 people are here: write @all"):
        find("garden", "@here", ADA, members, online)


def test_in_a_large_room_only_who_manages_it_calls_all() -> None:
    assert concerned("@all", ADA, MANY) == {everyone_in("garden")}
    with pytest.raises(Invalid, match="may call all 22 people in it: write here without the @"):
        find("garden", "@here!", BEN, MANY)
    assert concerned("`@here`", BEN, MANY) == set()
    assert [may_mention_all(MANY, one) for one in (ADA, BEN, DAN)] == [True, False, False]
    assert may_mention_all(MANY[:MENTION_ALL_MAX], BEN)


def test_an_administrator_calls_all_of_a_large_room_she_is_in() -> None:
    ben, dan = replace(BEN, standing="admin"), replace(DAN, standing="admin")
    assert concerned("@all", ben, MANY) == {everyone_in("garden")}
    assert [may_mention_all(MANY, one) for one in (ben, dan)] == [True, False]


def test_a_longer_name_outside_the_room_is_meant_and_tells_nobody_in_it() -> None:
    text = "@ben-joe, ask @ben"
    assert list_other_names(text, FEW) == ["ben-joe"]
    named = find("garden", text, ADA, FEW, others=["Ben-Joe"])
    assert (named.mentions, named.addressed_to) == (("Ben-Joe", "Ben"), (BEN.id,))
    assert find("garden", "@ben-joe", ADA, FEW, others=["Ben-Joe"]).addressed_to == ()
    assert find("garden", "@ben-joe", ADA, FEW).addressed_to == (BEN.id,)


def test_names_in_full_width_and_without_blanks_address_members() -> None:
    named = find("garden", "了解＠ben 見て@Cleoさん", ADA, FEW)
    assert named.addressed_to == (BEN.id, CLEO.id)


def test_a_name_that_is_part_of_a_word_calls_nobody() -> None:
    assert concerned("@all-hands meeting, @here-ish") == set()


def test_whom_a_text_names_in_vain_is_known_before_it_is_sent() -> None:
    text = "@ben @bne @bne’s @Dan @7pm `@x` ben@example.com ＠田中さん @all"
    others = list_other_names(text, FEW)
    assert set(others) >= {"bne", "Dan", "7pm", "田中さん", "田中"}
    assert "ben" not in others
    assert find_unreached(text, FEW, ["Dan"]) == Unreached(("bne", "田中さん"), ("Dan",))
    assert find_unreached("@ben, `@nobody` and tea", FEW, []) == Unreached()


def test_names_that_are_looked_up_are_bounded() -> None:
    assert len(list_other_names(" ".join(f"@n{n}" for n in range(1_000)), FEW)) == 200
