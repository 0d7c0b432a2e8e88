"""The bytes of files in the database, by id. It knows no names, people or rooms.

The layout is GridFS's (`fs.chunks` by `files_id` and `n`), so that MongoDB's tools can read it. The
driver's own GridFS code is not used: it queries chunks by open ranges, for which the embedded
database reads every chunk of every file.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any, Generic

from littlechat.files.schema import CHUNKS
from littlechat.files.spans import Patch, Reading, Result, apply
from littlechat.files.types import TYPE_HEAD_BYTES
from littlechat.platform import Database, Missing

CHUNK_BYTES = 255 * 1024
"""The default of GridFS: with its other fields, a chunk document stays below 256 KiB."""

PIECE_BYTES = 64 * 1024
"""The size of the parts of a response. A slow client must receive each of them before the server's
write timeout."""


@dataclass(frozen=True, slots=True)
class Written:
    """The size, the SHA-256 and the first bytes of a blob that was written."""

    size: int
    digest: str
    head: bytes


class Blobs:
    """The store of bytes by id."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def write(self, blob_id: str, parts: AsyncIterable[bytes]) -> Written:
        """Store a new blob; at most a chunk and a part of it are in memory at a time."""
        digest, head, size, n, waiting = sha256(), b"", 0, 0, bytearray()
        async for part in parts:
            digest.update(part)
            size += len(part)
            head += part[: TYPE_HEAD_BYTES - len(head)]
            waiting += part
            while len(waiting) >= CHUNK_BYTES:
                await self._insert(blob_id, n, bytes(waiting[:CHUNK_BYTES]))
                del waiting[:CHUNK_BYTES]
                n += 1
        if waiting:
            await self._insert(blob_id, n, bytes(waiting))
        return Written(size, digest.hexdigest(), head)

    async def _insert(self, blob_id: str, n: int, data: bytes) -> None:
        await _run_to_completion(
            self._db[CHUNKS].insert({"files_id": blob_id, "n": n, "data": data})
        )

    async def read(self, blob_id: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to `stop`; raise `Missing` if the blob is shorter."""
        while start < stop:
            n, offset = divmod(start, CHUNK_BYTES)
            chunk = await self._db[CHUNKS].find_one({"files_id": blob_id, "n": n})
            if chunk is None:
                raise Missing
            data = bytes(chunk["data"])[offset : offset + stop - start]
            for at in range(0, len(data), PIECE_BYTES):
                yield data[at : at + PIECE_BYTES]
            start += len(data)

    async def run_reader(self, blob_id: str, size: int, reading: Reading[Result]) -> Result:
        """Return what a reader finds in a blob, of which about one chunk is in memory at a time."""
        run = _ReaderRun(reading, size)
        # In a thread, because crafted bytes may make it take long.
        while not await asyncio.to_thread(run.advance):
            run.begin = run.start
            run.window = await self._window(blob_id, run.start, run.stop, size)
        return run.result

    async def _window(self, blob_id: str, start: int, stop: int, size: int) -> bytes:
        """Return the bytes from `start` to at least `stop`: to the end of that chunk."""
        end = min(-(-stop // CHUNK_BYTES) * CHUNK_BYTES, size)
        return b"".join([piece async for piece in self.read(blob_id, start, end)])

    async def patch(self, blob_id: str, size: int, patches: Iterable[Patch]) -> str:
        """Change bytes of a blob that nobody can read yet; return its new digest."""
        touched: dict[int, list[Patch]] = {}
        for one in patches:
            last = min(one.offset + len(one.data), size) - 1
            for n in range(one.offset // CHUNK_BYTES, last // CHUNK_BYTES + 1):
                touched.setdefault(n, []).append(one)
        for n, changes in touched.items():
            await self._change(blob_id, n, changes)
        digest = sha256()
        async for piece in self.read(blob_id, 0, size):
            digest.update(piece)
        return digest.hexdigest()

    async def _change(self, blob_id: str, n: int, patches: list[Patch]) -> None:
        where = {"files_id": blob_id, "n": n}
        chunk = await self._db[CHUNKS].find_one(where)
        if chunk is None:
            raise Missing
        data = await asyncio.to_thread(apply, patches, bytes(chunk["data"]), n * CHUNK_BYTES)
        await self._db[CHUNKS].update(where, {"$set": {"data": data}})

    async def delete(self, blob_id: str) -> None:
        """Delete a blob, if it exists."""
        await self._db[CHUNKS].delete({"files_id": blob_id})


class _ReaderRun(Generic[Result]):
    """A reader that is running, and the part of the blob that is in memory for it."""

    result: Result

    def __init__(self, reading: Reading[Result], size: int) -> None:
        self._reading, self._size = reading, size
        self.window, self.begin = b"", 0
        self.start = self.stop = -1

    def advance(self) -> bool:
        """Run while the bytes it asks for are in memory; return whether it has finished."""
        try:
            if self.start < 0:
                self._ask(next(self._reading))
            while self._is_in_window():
                data = self.window[self.start - self.begin : self.stop - self.begin]
                self._ask(self._reading.send(data))
        except StopIteration as end:
            self.result = end.value
            return True
        return False

    def _ask(self, wanted: tuple[int, int]) -> None:
        self.start, self.stop = (min(at, self._size) for at in wanted)

    def _is_in_window(self) -> bool:
        within = self.begin <= self.start and self.stop <= self.begin + len(self.window)
        return within or self.start >= self.stop


async def parts_of(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield the content of a file on disk, read in a thread."""
    while part := await asyncio.to_thread(file.read, PIECE_BYTES):
        yield part


async def _run_to_completion(write: Coroutine[Any, Any, None]) -> None:
    """Finish a write even if cancelled, so that whoever then deletes the blob deletes all of it."""
    task = asyncio.ensure_future(write)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
