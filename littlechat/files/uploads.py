"""Storing a file while it is uploaded, and deleting it.

A file's document is inserted first and deleted last, so that the sweep finds what a crash left. Its
fields are private to this package: `loose` is when it was last left without a message, `claim` the
`client_id` of the message that is to have it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from littlechat.core import File, Invalid, User, new_id
from littlechat.files.blobs import CHUNK_BYTES, Blobs, Written
from littlechat.files.originals import Originals, thumbnail_id
from littlechat.files.schema import FILES
from littlechat.files.thumbnails import Thumbnails
from littlechat.files.types import size_in_words, validate_file_name
from littlechat.files.usage import Usage
from littlechat.platform import BackgroundTasks, Database, Document, Missing, TooMany, now

UPLOAD_TIMEOUT_SECONDS = 15 * 60
"""For a whole upload: 25 MiB over a slow connection of 250 kbit/s."""

UPLOAD_ABANDONED_AFTER = timedelta(seconds=2 * UPLOAD_TIMEOUT_SECONDS)
"""An upload that began longer ago than this is not under way any more."""

UPLOADS_AT_ONCE_MAX = 4
"""One person's simultaneous uploads in a process: each holds memory and a connection."""


RequireStill = Callable[[], Awaitable[None]]
"""Raises if the sender lost the right to send while the file arrived and was examined."""


class TooLarge(Invalid):
    """A file beyond the installation's limit."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored file, with its room and owner, who together decide access to it.

    `digest` is the SHA-256 of its bytes.
    """

    file: File
    room_id: str
    owner_id: str
    digest: str
    thumbnail_size: int
    """In bytes; 0 if it has no thumbnail."""
    placeless: bool = False
    """Whether the position where it was taken was removed from it."""


class Uploads:
    """Stores and deletes files. `bytes_max` is the maximum size of one."""

    def __init__(
        self,
        db: Database,
        blobs: Blobs,
        thumbnails: Thumbnails,
        usage: Usage,
        tasks: BackgroundTasks,
        bytes_max: int,
    ) -> None:
        self._db, self._blobs, self._usage, self._tasks = db, blobs, usage, tasks
        self._originals = Originals(blobs, thumbnails)
        self.bytes_max = bytes_max
        self._under_way: Counter[str] = Counter()

    async def add(
        self,
        room_id: str,
        owner: User,
        name: str,
        parts: AsyncIterator[bytes],
        *,
        keeps_position: bool = False,
        require_still: RequireStill | None = None,
    ) -> Upload:
        """Store a file while its parts arrive; on any error or cancellation nothing is left.

        The position where a picture or a film was taken is removed unless `keeps_position`. What
        `require_still` raises, called just before the file can be used, is raised as well. Raises
        `TooLarge`, `Full`, `TooMany`, and `Invalid` for an empty file.
        """
        name, file_id = validate_file_name(name), new_id()
        await self._usage.require_space(1)
        if self._under_way[owner.id] >= UPLOADS_AT_ONCE_MAX:
            raise TooMany(5)
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
        self._under_way[owner.id] += 1
        finishing: asyncio.Task[Upload] | None = None
        try:
            written = await self._blobs.write(file_id, self._limited(parts))
            finishing = asyncio.create_task(
                self._finish(file_id, owner, written, keeps_position, require_still)
            )
            return await asyncio.shield(finishing)
        except BaseException:
            # Including a cancellation, when the client has disconnected.
            self._tasks.spawn(self._undo(file_id, finishing))
            raise
        finally:
            self._under_way[owner.id] -= 1

    async def _undo(self, file_id: str, finishing: "asyncio.Task[Upload] | None") -> None:
        if finishing:
            # Wait for it: what it stored after the deletion would never be found.
            await asyncio.gather(finishing, return_exceptions=True)
        await self.delete(file_id)

    async def _limited(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        size = 0
        async for part in parts:
            size += len(part)
            self.require_size(size)
            yield part

    def require_size(self, size: int) -> None:
        """Raise `TooLarge` for a file of more than `bytes_max`."""
        if size > self.bytes_max:
            most = size_in_words(self.bytes_max)
            raise TooLarge(file=f"A file may have at most {most} here.")

    async def _finish(
        self,
        file_id: str,
        owner: User,
        written: Written,
        keeps_position: bool,
        require_still: RequireStill | None,
    ) -> Upload:
        if not written.size:
            raise Invalid(file="This file is empty.")
        fields = await self._originals.examine(file_id, owner.id, written, keeps_position)
        if require_still:
            await require_still()
        await self._usage.take(fields["stored"])
        await self._db[FILES].update({"_id": file_id}, {"$set": fields})
        found = await self._db[FILES].find_one({"_id": file_id})
        if found is None:
            raise Missing
        return upload_from(found)

    async def delete(self, file_id: str) -> None:
        """Delete a file and its thumbnail; may be repeated."""
        for blob_id in (file_id, thumbnail_id(file_id)):
            await self._blobs.delete(blob_id)
        document = await self._db[FILES].find_one({"_id": file_id})
        if document and await self._db[FILES].delete({"_id": file_id}) and document["stored"]:
            await self._usage.release(document["stored"])


def upload_from(document: Document) -> Upload:
    """Return the upload stored in a document."""
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
