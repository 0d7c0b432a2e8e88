"""files."""

from littlechat.files import types
from littlechat.files.blobs import parts_of
from littlechat.files.schema import COLLECTIONS
from littlechat.files.store import ADD_SECONDS, Files, Full, TooLarge, Upload
from littlechat.files.thumbnails import thumbnail
from littlechat.files.types import is_inline

__all__ = [
    "ADD_SECONDS",
    "COLLECTIONS",
    "Files",
    "Full",
    "TooLarge",
    "Upload",
    "is_inline",
    "parts_of",
    "thumbnail",
    "types",
]
