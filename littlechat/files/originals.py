"""What is done with an uploaded file before anybody can see it.

Its media type is found, the position where it was taken is removed, and a thumbnail is made.
"""

from collections.abc import AsyncIterator

from littlechat.core import Invalid
from littlechat.files.blobs import Blobs, Written
from littlechat.files.position import reader_for
from littlechat.files.spans import Patch
from littlechat.files.thumbnails import Thumbnail, Thumbnails, TooCostly
from littlechat.files.types import BYTES, PICTURES, find_type
from littlechat.platform import Document

THUMBNAIL_PIXELS = 720
"""Twice the 360 pixels at which a page shows a picture, for high-density screens."""

PICTURE_BYTES_MAX = 64 * 1024 * 1024
"""Larger pictures get no thumbnail, for which all of their bytes would have to be in memory."""


class Originals:
    """Examines and changes files that are stored but not ready yet."""

    def __init__(self, blobs: Blobs, thumbnails: Thumbnails) -> None:
        self._blobs, self._thumbnails = blobs, thumbnails

    async def examine(
        self, file_id: str, owner_id: str, written: Written, keeps_position: bool
    ) -> Document:
        """Return the fields for a file's document."""
        media_type, small, digest = find_type(written.head), None, written.digest
        patches = [] if keeps_position else await self._find_position(file_id, written)
        if patches:
            digest = await self._blobs.patch(file_id, written.size, patches)
        if media_type in PICTURES:
            media_type, small = await self._store_thumbnail(
                file_id, owner_id, media_type, written.size
            )
        return {
            "length": written.size,
            "sha256": digest,
            "contentType": media_type,
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
        return (
            await self._blobs.run_reader(file_id, written.size, reader(written.size))
            if reader
            else []
        )

    async def _store_thumbnail(
        self, file_id: str, owner_id: str, media_type: str, size: int
    ) -> tuple[str, Thumbnail | None]:
        """Return the media type of a picture, and its thumbnail unless it is too
        large."""
        if size > PICTURE_BYTES_MAX:
            return media_type, None
        data = self._blobs.read(file_id, 0, size)
        try:
            small = await self._thumbnails.make(data, THUMBNAIL_PIXELS, owner_id)
        except TooCostly:
            return media_type, None
        except Invalid:
            return BYTES, None  # Not a valid picture, but it can be stored as a file.
        await self._blobs.write(thumbnail_id(file_id), _once(small.data))
        return media_type, small


def thumbnail_id(file_id: str) -> str:
    """Return the id of the blob with a file's thumbnail."""
    return f"{file_id}.small"


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
