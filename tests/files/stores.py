"""A store of files on a real database, with shortcuts for tests."""

from collections.abc import AsyncIterator

from littlechat.core.messages import Draft, Message
from littlechat.core.people import User
from littlechat.files.schema import CHUNKS, FILES, USAGE
from littlechat.files.store import Files
from littlechat.files.uploads import Upload
from littlechat.messages.store import Messages
from littlechat.platform.background_tasks import BackgroundTasks
from littlechat.platform.database import Database
from tests.tabs import ADA, ROOM

MIB = 1024 * 1024


async def once(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 60_000):
        yield data[at : at + 60_000]


class Store(Files):
    """The files with shortcuts for tests, and the messages that have them."""

    def __init__(self, db: Database, bytes_max: int = MIB, quota: int = 10 * MIB) -> None:
        self.tasks = BackgroundTasks()
        self.messages = Messages(db)
        super().__init__(db, self.messages, self.tasks, bytes_max, quota)
        self.db = db

    async def put(
        self, data: bytes = b"words", name: str = "a.txt", by: User = ADA, room: str = ROOM
    ) -> Upload:
        return await self.uploads.add(room, by, name, once(data))

    async def post(self, *uploads: Upload, client_id: str = "one", confirm: bool = True) -> Message:
        ids = [one.file.id for one in uploads]
        files = await self.attachments.claim(ROOM, ADA, ids, client_id)
        message = await self.messages.add(ROOM, ADA, Draft("", client_id, files=files))
        if confirm:
            await self.attachments.confirm(message)
        return message

    async def content(self, upload: Upload) -> bytes:
        pieces = self.read(upload, 0, upload.file.size)
        return b"".join([piece async for piece in pieces])

    async def is_empty(self) -> bool:
        await self.tasks.close()
        usage = await self.db[USAGE].find_one({"_id": "files"})
        counted = usage["bytes"] if usage else 0
        return [counted, await self.db[FILES].find({}), await self.db[CHUNKS].find({})] == [
            0,
            [],
            [],
        ]
