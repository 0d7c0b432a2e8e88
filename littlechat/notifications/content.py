"""What a notification says of the messages that it is about. Pure."""

import hashlib
from dataclasses import dataclass

from littlechat.core import Message, Room
from littlechat.notifications.rules import Notification, is_addressed_to
from littlechat.text import first_line

FILES_CHARS = 200


@dataclass(frozen=True, slots=True)
class Digest:
    """Messages of one room for one person, whose username is `name`."""

    room: Room
    name: str
    messages: list[Message]


def notification_for(digest: Digest, user_id: str) -> Notification:
    """Return the notification of one or more messages, which quotes the last important one.

    Important are those addressed to the person or, if there are none, all.
    """
    room = digest.room
    addressed = [one for one in digest.messages if is_addressed_to(one, user_id)]
    message = (addressed or digest.messages)[-1]
    text = first_line(message.body) or _file_names(message)
    more = len(digest.messages) - 1
    # The title of a conversation of two is the other's name, who is also the author.
    author_only = room.is_direct and len(room.people) <= 2
    author, title = message.author_name, room.title(digest.name)
    return Notification(
        title=author if author_only else f"{author} · {title}",
        body=f"{text} (and {more} more)" if more else text,
        url=f"/rooms/{room.id}?around={message.seq}#message-{message.seq}",
        tag=hashlib.sha256(room.id.encode()).hexdigest()[:32],
        urgent=bool(addressed),
    )


def _file_names(message: Message) -> str:
    # Push services take 4 KB, and ten names may be longer.
    return ", ".join(one.name for one in message.files)[:FILES_CHARS]
