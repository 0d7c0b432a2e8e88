"""The store of files: who sent what where, how much there is, and what nobody refers to any more.

A file is loose until a message has it. The message is the truth: a file's own document says only
where to look (`claim`, the message's client_id), so a crash between two writes is healed by `sweep`
and shows nobody what they must not see.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from littlechat.core import (
    LONG_AGO,
    File,
    Invalid,
    Message,
    User,
    new_id,
)
from littlechat.files.blobs import CHUNK_BYTES, Blobs, Written
from littlechat.files.originals import Originals, small_id
from littlechat.files.schema import FILES, USAGE
from littlechat.files.types import size_in_words, validate_file_name
from littlechat.messages import Messages
from littlechat.platform import (
    BackgroundTasks,
    Database,
    Document,
    Duplicate,
    Missing,
    TooMany,
    now,
)

FILES_MAX = 10
"""Files with one message."""

ADD_SECONDS = 15 * 60
"""For a whole upload: 25 MiB over a poor line of 250 kbit/s."""

UNDER_WAY = timedelta(seconds=2 * ADD_SECONDS)
"""After this long an upload is not coming in any more."""

ADDED_AT_ONCE = 4
"""One person's uploads under way in a process: each holds some memory and a connection."""

LOOSE_HOURS = 24
SWEEP_EVERY = timedelta(hours=1)
SWEPT_AT_ONCE = 200


class TooLarge(Invalid):
    """A file beyond the installation's limit."""


class Full(Invalid):
    """No room is left for files on this installation."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored file, and what decides who may have it."""

    file: File
    room_id: str
    owner_id: str
    digest: str
    thumbnail_size: int
    """0: there is none."""
    placeless: bool = False
    """Whether it told where it was taken, and that was taken out."""


class Files:
    """The store. `bytes_max` is a file's limit, `quota` all files'; 0 turns uploads off."""

    def __init__(
        self,
        db: Database,
        messages: Messages,
        tasks: BackgroundTasks,
        bytes_max: int,
        quota: int,
    ) -> None:
        self._db, self._messages, self._tasks = db, messages, tasks
        self._blobs = Blobs(db)
        self._originals = Originals(self._blobs)
        self.bytes_max, self.quota = bytes_max, quota
        self._adding: Counter[str] = Counter()
        self.used = 0
        """What all files together took when last asked."""

    async def add(
        self,
        room_id: str,
        owner: User,
        name: str,
        parts: AsyncIterator[bytes],
        *,
        keeps_position: bool = False,
    ) -> Upload:
        """Store a loose file as it comes in; whatever stops that leaves nothing behind.

        Where a picture or a film was taken is taken out of it unless its owner keeps that. Raises
        `TooLarge`, `Full`, or `Invalid` for an empty one.
        """
        name, file_id = validate_file_name(name), new_id()
        await self._require_space(1)
        if self._adding[owner.id] >= ADDED_AT_ONCE:
            raise TooMany(5)
        # Its document first: what a crash leaves is then found by the sweep.
        await self._db[FILES].insert(
            {
                "_id": file_id,
                "filename": name,
                "room": room_id,
                "owner": owner.id,
                "claim": "",
                "loose": now(),
                "ready": False,
                "stored": 0,
                "uploadDate": now(),
                "chunkSize": CHUNK_BYTES,
                "length": 0,
            }
        )
        self._adding[owner.id] += 1
        finishing: asyncio.Task[Upload] | None = None
        try:
            written = await self._blobs.write(file_id, self._bounded(parts))
            finishing = asyncio.create_task(self._finish(file_id, written, keeps_position))
            return await asyncio.shield(finishing)
        except BaseException:
            # Cancelled as well: the browser is gone.
            self._tasks.spawn(self._undo(file_id, finishing))
            raise
        finally:
            self._adding[owner.id] -= 1

    async def _undo(self, file_id: str, finishing: "asyncio.Task[Upload] | None") -> None:
        if finishing:
            # What it stores after the document is deleted would be nobody's.
            await asyncio.gather(finishing, return_exceptions=True)
        await self._delete(file_id)

    async def _bounded(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        size = 0
        async for part in parts:
            size += len(part)
            self.require_size(size)
            yield part

    def require_size(self, size: int) -> None:
        """Raise `TooLarge` for a file beyond the limit."""
        if size > self.bytes_max:
            most = size_in_words(self.bytes_max)
            raise TooLarge(file=f"A file may have at most {most} here.")

    async def _finish(self, file_id: str, written: Written, keeps_position: bool) -> Upload:
        if not written.size:
            raise Invalid(file="This file is empty.")
        fields = await self._originals.examine(file_id, written, keeps_position)
        await self._take(fields["stored"])
        await self._db[FILES].update({"_id": file_id}, {"$set": fields})
        found = await self._db[FILES].find_one({"_id": file_id})
        if found is None:
            raise Missing
        return _upload(found)

    async def _require_space(self, size: int) -> None:
        if not self.quota:
            raise Full(file="Files are switched off on this installation.")
        usage = await self._db[USAGE].find_one({"_id": "files"})
        self.used = int(usage["bytes"]) if usage else 0
        if self.used + size > self.quota:
            raise _full()

    async def _take(self, size: int) -> None:
        """Count a file in, if there is space for it: checked and counted in one step."""
        for _ in range(2):
            room = {"_id": "files", "bytes": {"$lte": self.quota - size}}
            if await self._db[USAGE].update(room, {"$inc": {"bytes": size}}):
                return
            # The very first two at once: one of them finds the other's.
            with contextlib.suppress(Duplicate):
                await self._db[USAGE].insert({"_id": "files", "bytes": 0})
        raise _full()

    async def list_loose(self, room_id: str, owner: User, ids: Sequence[str]) -> list[File]:
        """Return those of one's files that wait in this room for a message, in the order asked."""
        found = {one["_id"]: one for one in await self._own(room_id, owner, ids)}
        free = [found[one] for one in dict.fromkeys(ids) if one in found and "loose" in found[one]]
        # One that was just sent is loose until that is noted.
        return [_upload(one).file for one in free if not await self._message_of(one)]

    async def _own(self, room_id: str, owner: User, ids: Sequence[str]) -> list[Document]:
        wanted = list(dict.fromkeys(ids))[: FILES_MAX + 1]
        found = await self._db[FILES].find({"_id": {"$in": wanted}}) if wanted else []
        return [
            one
            for one in found
            if one["room"] == room_id and one["owner"] == owner.id and one["ready"]
        ]

    async def claim(
        self, room_id: str, owner: User, ids: Sequence[str], client_id: str
    ) -> tuple[File, ...]:
        """Set one's loose files aside for the message that will have this `client_id`.

        The same again is as good, so a send can be retried. Raises `Invalid`.
        """
        if len(ids) > FILES_MAX:
            raise Invalid(file=f"A message may have {FILES_MAX} files; send the others in another.")
        found = {one["_id"]: one for one in await self._own(room_id, owner, ids)}
        for one in ids:
            if one not in found or not await self._claim(found[one], client_id):
                raise Invalid(file="A file is not there any more. Attach it again.")
        return tuple(_upload(found[one]).file for one in dict.fromkeys(ids))

    async def _claim(self, document: Document, client_id: str) -> bool:
        if document["claim"] == client_id:
            return True
        # Another send claimed it: that one counts if it came through.
        if document["claim"] and await self._message_of(document):
            return False
        return await self._db[FILES].update(
            {"_id": document["_id"], "claim": document["claim"], "ready": True},
            {"$set": {"claim": client_id, "loose": now()}},
        )

    async def confirm(self, message: Message) -> None:
        """Hear of a post: its files are loose no more."""
        if message.files:
            await self._db[FILES].update_many(
                {"_id": {"$in": [one.id for one in message.files]}, "owner": message.author_id},
                {"$set": {"seq": message.seq}, "$unset": {"loose": ""}},
            )

    async def _message_of(self, document: Document) -> Message | None:
        """Return the message that has a file, as it is now."""
        if not document["claim"]:
            return None
        message = await self._messages.find_sent(document["owner"], document["claim"])
        has_it = message and any(one.id == document["_id"] for one in message.files)
        return message if has_it else None

    async def get(self, file_id: str, user: User) -> Upload:
        """Return a file to its owner or, once a message has it, to anybody; raise `Missing`.

        Whether they may see its room, the caller finds out.
        """
        document = await self._db[FILES].find_one({"_id": file_id[:64]})
        if document is None or not document["ready"]:
            raise Missing
        waiting = "loose" in document and "seq" not in document
        mine = waiting and document["owner"] == user.id
        # A removed message refers to nothing, and its file is nobody's.
        if not mine and await self._message_of(document) is None:
            raise Missing
        return _upload(document)

    def read(self, upload: Upload, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield a file's bytes from `start` up to `stop`."""
        return self._blobs.read(upload.file.id, start, stop)

    def read_thumbnail(self, upload: Upload) -> AsyncIterator[bytes]:
        """Yield the small picture's bytes."""
        return self._blobs.read(small_id(upload.file.id), 0, upload.thumbnail_size)

    async def discard(self, file_id: str, owner: User) -> None:
        """Delete one's own loose file; raise `Missing`."""
        document = await self._db[FILES].find_one({"_id": file_id[:64]})
        if document is None or document["owner"] != owner.id or "loose" not in document:
            raise Missing
        if await self._message_of(document) or not await self._close(document):
            raise Missing
        await self._delete(file_id)

    async def discard_some(self, ids: Iterable[str], owner: User) -> None:
        """Delete those of one's files that no message has."""
        for file_id in ids:
            with contextlib.suppress(Missing):
                await self.discard(file_id, owner)

    async def doubt(self, room_id: str, seq: int) -> None:
        """Mark a message's files before it is removed: if we die on the way, the sweep decides."""
        await self._db[FILES].update_many(
            # For so long that the next sweep takes it.
            {"room": room_id, "seq": seq},
            {"$set": {"loose": LONG_AGO}},
        )

    async def settle(self, room_id: str, seq: int) -> None:
        """Keep or delete a message's files, as the message now says."""
        await self._settle(await self._db[FILES].find({"room": room_id, "seq": seq}))

    async def _settle(self, documents: Iterable[Document]) -> int:
        deleted = 0
        for document in documents:
            message = await self._message_of(document)
            if message:
                await self.confirm(message)
            elif await self._close(document):
                await self._delete(document["_id"])
                deleted += 1
        return deleted

    async def _close(self, document: Document) -> bool:
        """Let nobody claim or read a file from now on, unless somebody was faster."""
        return await self._db[FILES].update(
            {"_id": document["_id"], "claim": document["claim"]}, {"$set": {"ready": False}}
        )

    async def _delete(self, file_id: str) -> None:
        # The document last, so that a crash leaves something to find.
        for blob in (file_id, small_id(file_id)):
            await self._blobs.delete(blob)
        document = await self._db[FILES].find_one({"_id": file_id})
        if document and await self._db[FILES].delete({"_id": file_id}) and document["stored"]:
            await self._db[USAGE].update({"_id": "files"}, {"$inc": {"bytes": -document["stored"]}})

    async def delete_room(self, room_id: str, at: datetime) -> None:
        """Delete all files of a room that is no more, but for those that may be coming in yet."""
        for document in await self._db[FILES].find({"room": room_id}):
            # Without its document nobody would find the parts that follow.
            if document["ready"] or document["uploadDate"] < at - UNDER_WAY:
                await self._delete(document["_id"])

    async def sweep(self, at: datetime) -> int | None:
        """Delete what was loose for too long; return how many, None if another process did it.

        What all files take is counted anew as well: a crash may have left the sum wrong.
        """
        if not await self._is_our_turn(at):
            return None
        # Closed at both ends: the embedded database reads all of an open range.
        late = {"$gte": LONG_AGO, "$lt": at - timedelta(hours=LOOSE_HOURS)}
        found = await self._db[FILES].find({"loose": late}, [("loose", 1)], SWEPT_AT_ONCE)
        deleted = await self._settle(found)
        self.used = await self._db[FILES].sum("stored")
        await self._db[USAGE].update({"_id": "files"}, {"$set": {"bytes": self.used}}, upsert=True)
        return deleted

    async def _is_our_turn(self, at: datetime) -> bool:
        due = {"_id": "sweep", "at": {"$lte": at - SWEEP_EVERY}}
        try:
            return await self._db[USAGE].update(due, {"$set": {"at": at}}, upsert=True)
        except Duplicate:
            return False  # Another process swept within the hour.


def _full() -> Full:
    return Full(file="There is no space left for files here. Tell who runs this littlechat.")


def _upload(document: Document) -> Upload:
    return Upload(
        File(
            id=str(document["_id"]),
            name=str(document["filename"]),
            type=str(document["contentType"]),
            size=int(document["length"]),
            width=document["width"],
            height=document["height"],
            moves=bool(document.get("moves", False)),
        ),
        room_id=str(document["room"]),
        owner_id=str(document["owner"]),
        digest=str(document["sha256"]),
        thumbnail_size=int(document["thumbnail"]),
        placeless=bool(document.get("placeless", False)),
    )
