"""The files of an installation: who may read them, and deleting those that no message has.

`sweep` repairs what crashes leave behind: it asks the message of each file that is marked `loose`,
and then keeps or deletes the file.
"""

import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

from littlechat.core import LONG_AGO, User
from littlechat.files.attachments import Attachments
from littlechat.files.blobs import Blobs
from littlechat.files.originals import thumbnail_id
from littlechat.files.schema import FILES, USAGE
from littlechat.files.thumbnails import Thumbnails
from littlechat.files.uploads import (
    UPLOAD_ABANDONED_AFTER,
    Upload,
    Uploads,
    upload_from,
)
from littlechat.files.usage import Usage
from littlechat.messages import Messages
from littlechat.platform import BackgroundTasks, Database, Document, Duplicate, Missing

UNATTACHED_HOURS = 24
"""For how long a file waits for its message before the sweep deletes it."""

SWEEP_INTERVAL = timedelta(hours=1)
SWEEP_FILES_MAX = 200


class Files:
    """The store of files, through which other packages reach everything about them.

    `bytes_max` is the maximum size of a file, `quota` that of all files together, in bytes.
    """

    def __init__(
        self,
        db: Database,
        messages: Messages,
        tasks: BackgroundTasks,
        bytes_max: int,
        quota: int,
    ) -> None:
        self._db = db
        self._blobs = Blobs(db)
        self.usage = Usage(db, quota)
        self.thumbnails = Thumbnails()
        self.uploads = Uploads(db, self._blobs, self.thumbnails, self.usage, tasks, bytes_max)
        self.attachments = Attachments(db, messages)

    async def get(self, file_id: str, user: User) -> Upload:
        """Return a file to its owner or, if a message has it, to anybody; raise `Missing`.

        The caller must check whether `user` may see its room.
        """
        document = await self._db[FILES].find_one({"_id": file_id[:64]})
        if document is None or not document["ready"]:
            raise Missing
        unattached = "loose" in document and "seq" not in document
        mine = unattached and document["owner"] == user.id
        # A removed message has no files, and nobody may read those that it had.
        if not mine and await self.attachments.find_message(document) is None:
            raise Missing
        return upload_from(document)

    def read(self, upload: Upload, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield a file's bytes from `start` up to `stop`."""
        return self._blobs.read(upload.file.id, start, stop)

    def read_thumbnail(self, upload: Upload) -> AsyncIterator[bytes]:
        """Yield the bytes of a file's thumbnail."""
        return self._blobs.read(thumbnail_id(upload.file.id), 0, upload.thumbnail_size)

    async def discard(self, file_id: str, owner: User) -> None:
        """Delete a file of one's own that no message has; raise `Missing`."""
        document = await self._db[FILES].find_one({"_id": file_id[:64]})
        if document is None or document["owner"] != owner.id or "loose" not in document:
            raise Missing
        if await self.attachments.find_message(document) or not await self._close(document):
            raise Missing
        await self.uploads.delete(file_id)

    async def discard_some(self, ids: Iterable[str], owner: User) -> None:
        """Delete those of one's own files that no message has."""
        for file_id in ids:
            with contextlib.suppress(Missing):
                await self.discard(file_id, owner)

    async def mark_for_sweep(self, room_id: str, seq: int) -> None:
        """Let the next sweep check the files of a message that is about to be removed.

        If this process dies before `keep_or_delete`, the sweep does its work.
        """
        await self._db[FILES].update_many(
            {"room": room_id, "seq": seq},
            # So long ago that the next sweep includes it.
            {"$set": {"loose": LONG_AGO}},
        )

    async def keep_or_delete(self, room_id: str, seq: int) -> None:
        """Keep the files that a message still has, and delete the others."""
        await self._keep_or_delete(await self._db[FILES].find({"room": room_id, "seq": seq}))

    async def _keep_or_delete(self, documents: Iterable[Document]) -> int:
        deleted = 0
        for document in documents:
            message = await self.attachments.find_message(document)
            if message:
                await self.attachments.confirm(message)
            elif await self._close(document):
                await self.uploads.delete(document["_id"])
                deleted += 1
        return deleted

    async def _close(self, document: Document) -> bool:
        """Allow nobody to claim or read a file any more; return False if it was just claimed."""
        return await self._db[FILES].update(
            {"_id": document["_id"], "claim": document["claim"]}, {"$set": {"ready": False}}
        )

    async def delete_room(self, room_id: str, at: datetime) -> None:
        """Delete all files of a deleted room, except uploads that may still be under way at `at`.

        Their document is needed to find the parts that they have yet to store.
        """
        for document in await self._db[FILES].find({"room": room_id}):
            if document["ready"] or document["uploadDate"] < at - UPLOAD_ABANDONED_AFTER:
                await self.uploads.delete(document["_id"])

    async def sweep(self, at: datetime) -> int | None:
        """Delete files that have waited for a message too long, and recount the space used.

        Returns their number, None if another process has swept within the hour before `at`.
        """
        if not await self._take_turn(at):
            return None
        # Bounded at both ends: of an open range the embedded database reads everything.
        late = {"$gte": LONG_AGO, "$lt": at - timedelta(hours=UNATTACHED_HOURS)}
        found = await self._db[FILES].find({"loose": late}, [("loose", 1)], SWEEP_FILES_MAX)
        deleted = await self._keep_or_delete(found)
        await self.usage.recount()
        return deleted

    async def _take_turn(self, at: datetime) -> bool:
        due = {"_id": "sweep", "at": {"$lte": at - SWEEP_INTERVAL}}
        try:
            return await self._db[USAGE].update(due, {"$set": {"at": at}}, upsert=True)
        except Duplicate:
            return False  # Another process swept within the hour.
