"""files."""

from littlechat.files import types
from littlechat.files.blobs import parts_of
from littlechat.files.store import ADD_SECONDS, Full, TooLarge, Upload, Uploads
from littlechat.files.thumbnails import thumbnail
from littlechat.files.types import is_inline

__all__ = [
    "ADD_SECONDS",
    "Full",
    "TooLarge",
    "Upload",
    "Uploads",
    "is_inline",
    "parts_of",
    "thumbnail",
    "types",
]
