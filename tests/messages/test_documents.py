"""Messages survive being stored as documents."""

import pytest

from littlechat.core.messages import (
    Draft,
    File,
    Quote,
)
from littlechat.messages.documents import from_document, to_document
from tests.tabs import ADA, BEN, ROOM

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


@pytest.mark.parametrize("draft", [PLAIN, FULL], ids=["plain", "full"])
def test_draft_survives_its_document(draft: Draft) -> None:
    document = {**to_document(ROOM, ADA, draft), "seq": 7}
    message = from_document(document)
    assert (message.room_id, message.seq, message.author_id) == (ROOM, 7, ADA.id)
    for field in ("body", "mentions", "addressed_to", "thread", "shown", "files"):
        assert getattr(message, field) == getattr(draft, field)
    # What is quoted is read from the message that says it.
    assert message.quote == (Quote(draft.quote.author_name, "") if draft.quote else None)
    assert "what was that?" not in str(document)
    assert document["client_id"] == draft.client_id


def test_plain_message_carries_no_empty_fields() -> None:
    assert set(to_document(ROOM, ADA, PLAIN)) == {
        *("room", "author", "author_name", "client_id", "body", "at", "version")
    }
