"""Which message a file is attached to.

The sender claims files for the `client_id` of a message before it is stored; from then on the
message alone decides whether it has them. So a file's document only says where to look, and a crash
between the two writes can neither lose a file nor show it to somebody who must not see it.
"""

from collections.abc import Sequence

from littlechat.core import File, Invalid, Message, User
from littlechat.files.schema import FILES
from littlechat.files.uploads import upload_from
from littlechat.messages import Messages
from littlechat.platform import Database, Document, now

MESSAGE_FILES_MAX = 10
"""Files of one message."""


class Attachments:
    """Claims files for messages, and finds the message of a file."""

    def __init__(self, db: Database, messages: Messages) -> None:
        self._db, self._messages = db, messages

    async def list_unattached(self, room_id: str, owner: User, ids: Sequence[str]) -> list[File]:
        """Return those of one's files in this room that no message has, in the order of `ids`."""
        found = {one["_id"]: one for one in await self._find_own(room_id, owner, ids)}
        free = [found[one] for one in dict.fromkeys(ids) if one in found and "loose" in found[one]]
        # Between storing the message and `confirm`, a file that it has is still marked `loose`.
        return [upload_from(one).file for one in free if not await self.find_message(one)]

    async def _find_own(self, room_id: str, owner: User, ids: Sequence[str]) -> list[Document]:
        wanted = list(dict.fromkeys(ids))[: MESSAGE_FILES_MAX + 1]
        found = await self._db[FILES].find({"_id": {"$in": wanted}}) if wanted else []
        return [
            one
            for one in found
            if one["room"] == room_id and one["owner"] == owner.id and one["ready"]
        ]

    async def claim(
        self, room_id: str, owner: User, ids: Sequence[str], client_id: str
    ) -> tuple[File, ...]:
        """Reserve one's own files for the message that will have this `client_id`.

        May be repeated with the same `client_id`, when a send is retried. Raises `Invalid` for a
        file that is missing or belongs to another message.
        """
        if len(ids) > MESSAGE_FILES_MAX:
            raise Invalid(
                file=f"A message may have {MESSAGE_FILES_MAX} files; send the others in another."
            )
        found = {one["_id"]: one for one in await self._find_own(room_id, owner, ids)}
        for one in ids:
            if one not in found or not await self._claim(found[one], client_id):
                raise Invalid(file="A file is not there any more. Attach it again.")
        return tuple(upload_from(found[one]).file for one in dict.fromkeys(ids))

    async def _claim(self, document: Document, client_id: str) -> bool:
        if document["claim"] == client_id:
            return True
        # An earlier claim by another send only counts if its message was stored.
        if document["claim"] and await self.find_message(document):
            return False
        return await self._db[FILES].update(
            {"_id": document["_id"], "claim": document["claim"], "ready": True},
            {"$set": {"claim": client_id, "loose": now()}},
        )

    async def confirm(self, message: Message) -> None:
        """Note in its files that `message` was stored with them."""
        if message.files:
            await self._db[FILES].update_many(
                {"_id": {"$in": [one.id for one in message.files]}, "owner": message.author_id},
                {"$set": {"seq": message.seq}, "$unset": {"loose": ""}},
            )

    async def find_message(self, document: Document) -> Message | None:
        """Return the message that has the file of a document, as it is now, or None."""
        if not document["claim"]:
            return None
        message = await self._messages.find_sent(document["owner"], document["claim"])
        has_it = message and any(one.id == document["_id"] for one in message.files)
        return message if has_it else None
