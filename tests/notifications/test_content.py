"""A notification says what is important of the messages it is about."""

from datetime import UTC, datetime

from littlechat.core.messages import File, Message
from littlechat.core.rooms import Room
from littlechat.notifications.content import Digest, notification_for


def test_many_long_names_of_files_fit_into_a_notification() -> None:
    files = tuple(File(f"f{n}", "文" * 120, "text/plain", 1) for n in range(10))
    moment = datetime.now(UTC)
    message = Message("garden", 1, "ben", "Ben", "", moment, files=files)
    room = Room("garden", "文" * 60, "", "public", None, moment)
    # What encryption adds to it is some hundred bytes, and 4,096 is all that a service takes.
    digest = Digest(room, "Ada", [message])
    assert len(notification_for(digest, "ada").packed()) < 3_000


def test_the_last_message_that_is_addressed_to_somebody_is_quoted() -> None:
    moment = datetime.now(UTC)
    room = Room("garden", "Garden", "", "public", None, moment)
    plain = Message("garden", 1, "ben", "Ben", "plain", moment)
    addressed = Message("garden", 2, "ben", "Ben", "**for Ada**", moment, addressed_to=("ada",))
    digest = Digest(room, "Ada", [addressed, plain])
    found = notification_for(digest, "ada")
    assert (found.title, found.body, found.urgent) == ("Ben · Garden", "for Ada (and 1 more)", True)
    assert found.url == "/rooms/garden?around=2#message-2"
    other = notification_for(digest, "cleo")
    assert (other.body, other.urgent) == ("plain (and 1 more)", False)
    assert other.tag == found.tag
