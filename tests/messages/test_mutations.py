"""What each mutation changes of a message, and what it refuses."""

from dataclasses import replace

import pytest

from littlechat.core.errors import Invalid, Refused
from littlechat.core.limits import REACTIONS_MAX
from littlechat.core.messages import (
    Draft,
    File,
    Message,
    Quote,
    Reaction,
)
from littlechat.core.people import User
from littlechat.messages.documents import from_document, to_document
from littlechat.messages.mutations import edited, emptied, reacted
from littlechat.platform.database import Missing
from tests.tabs import ADA, BEN, CLEO, ROOM

PLAIN = Draft("hello", "id-1")
FULL = Draft(
    "@Ben see **this**",
    "id-2",
    mentions=("Ben",),
    addressed_to=(BEN.id,),
    thread=3,
    shown=False,
    quote=Quote("Ben", "what was that?"),
    files=(
        File("f1", "plan.png", "image/png", 1_000, 20, 30),
        File("f2", "a.txt", "text/plain", 5),
    ),
)


def test_only_its_author_may_edit_a_message() -> None:
    message = from_document({**to_document(ROOM, ADA, PLAIN), "seq": 1})
    assert edited("better", ADA)(message) == {"body": "better", "edited": True}
    with pytest.raises(Missing):
        edited("mine now", BEN)(message)


def test_a_removal_empties_every_field_with_content() -> None:
    message = from_document({**to_document(ROOM, ADA, FULL), "seq": 1})
    values = emptied(ADA)(message)
    assert values == emptied(None)(message)
    assert values is not None
    assert (values["body"], values["removed"], values["files"]) == ("", True, [])
    with pytest.raises(Missing):
        emptied(BEN)(message)


def pressed(message: Message, emoji: str, by: User, on: bool | None = None) -> Message:
    """Return the message after somebody's reaction."""
    values = reacted(emoji, by, on=on)(message)
    found = [Reaction(one["emoji"], tuple(one["names"])) for one in (values or {})["reactions"]]
    return replace(message, reactions=tuple(found))


def test_a_reaction_is_added_and_removed_again() -> None:
    message = from_document({**to_document(ROOM, ADA, PLAIN), "seq": 1})
    message = pressed(pressed(pressed(message, "A", ADA), "B", ADA), "A", BEN)
    assert message.reactions == (Reaction("A", ("Ada", "Ben")), Reaction("B", ("Ada",)))
    message = pressed(message, "A", ADA)
    assert message.reactions == (Reaction("A", ("Ben",)), Reaction("B", ("Ada",)))
    message = pressed(message, "A", BEN)
    assert message.reactions == (Reaction("B", ("Ada",)),)
    assert reacted("B", ADA, on=True)(message) is None
    assert reacted("A", ADA, on=False)(message) is None
    assert pressed(message, "B", ADA, on=False).reactions == ()


def test_one_emoji_too_many_is_refused_but_not_another_reaction_with_a_present_one() -> None:
    message = from_document({**to_document(ROOM, ADA, PLAIN), "seq": 1})
    for number in range(REACTIONS_MAX):
        message = pressed(message, str(number), ADA)
    with pytest.raises(Refused, match="at most 20"):
        reacted("more", BEN, on=True)(message)
    assert pressed(message, "0", BEN).reactions[0].names == ("Ada", "Ben")
    assert len(pressed(message, "0", ADA).reactions) == REACTIONS_MAX - 1


def test_only_a_message_with_files_may_lose_its_text() -> None:
    full, plain = (
        from_document({**to_document(ROOM, ADA, one), "seq": 1}) for one in (FULL, PLAIN)
    )
    values = edited("", ADA)(full)
    assert values is not None
    assert values["body"] == ""
    with pytest.raises(Invalid, match="nothing to send"):
        edited("", ADA)(plain)


def test_an_edit_is_addressed_by_the_new_text_and_a_reply_also_by_the_message_it_answers() -> None:
    said = Draft("@Ben: tea", "", mentions=("Ben",), addressed_to=(BEN.id,))
    message = from_document({**to_document(ROOM, ADA, said), "seq": 1})
    decide = edited("coffee, @Cleo", ADA, lambda _: (("Cleo",), (CLEO.id,)))
    values = decide(message)
    assert values is not None
    assert (values["mentions"], values["concerns"]) == (["Cleo"], [CLEO.id])
    values = decide(replace(message, thread=1))
    assert values is not None
    assert values["concerns"] == [BEN.id, CLEO.id]


def test_a_removed_message_loses_its_mentions() -> None:
    message = from_document({**to_document(ROOM, ADA, FULL), "seq": 1})
    values = emptied(ADA)(message)
    assert values is not None
    assert values["mentions"] == []
