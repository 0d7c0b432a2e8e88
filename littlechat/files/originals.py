"""What happens to a file that has just come in, before anybody can see it.

Its type is found, the place where it was taken goes out of it, and a picture is drawn small.
"""

from collections.abc import AsyncIterator

from littlechat.core import Invalid
from littlechat.files.blobs import Blobs, Written
from littlechat.files.position import reader_for
from littlechat.files.spans import Patch
from littlechat.files.thumbnails import Thumbnail, TooManyPixels, thumbnail
from littlechat.files.types import BYTES, PICTURES, find_type
from littlechat.platform import Document

THUMBNAIL_BOX = 720
"""Twice the 360 pixels at which a page shows a picture, for dense screens."""

PICTURE_BYTES_MAX = 64 * 1024 * 1024
"""What is read into memory to be drawn small; a larger picture is only kept."""


class Originals:
    """Looks at files that are stored and not ready yet, and changes them."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def examine(self, file_id: str, written: Written, keeps_position: bool) -> Document:
        """Return what there is to say of a file, for its document."""
        kind, small, digest = find_type(written.head), None, written.digest
        patches = [] if keeps_position else await self._find_position(file_id, written)
        if patches:
            digest = await self._blobs.patch(file_id, written.size, patches)
        if kind in PICTURES:
            kind, small = await self._draw(file_id, kind, written.size)
        return {
            "length": written.size,
            "sha256": digest,
            "contentType": kind,
            "stored": written.size + (len(small.data) if small else 0),
            "width": small.source_width if small else None,
            "height": small.source_height if small else None,
            "moves": small.moves if small else False,
            "thumbnail": len(small.data) if small else 0,
            "placeless": bool(patches),
            "ready": True,
        }

    async def _find_position(self, file_id: str, written: Written) -> list[Patch]:
        reader = reader_for(written.head)
        return await self._blobs.look(file_id, written.size, reader(written.size)) if reader else []

    async def _draw(self, file_id: str, kind: str, size: int) -> tuple[str, Thumbnail | None]:
        """Return what a picture is, and its small one: none of what is too large to be drawn."""
        if size > PICTURE_BYTES_MAX:
            return kind, None
        data = b"".join([piece async for piece in self._blobs.read(file_id, 0, size)])
        try:
            small = await thumbnail(data, THUMBNAIL_BOX)
        except TooManyPixels:
            return kind, None
        except Invalid:
            return BYTES, None  # Not a picture after all, but somebody's file all the same.
        await self._blobs.write(small_id(file_id), _once(small.data))
        return kind, small


def small_id(file_id: str) -> str:
    """Return the id of the blob that is a file's small picture."""
    return f"{file_id}.small"


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
