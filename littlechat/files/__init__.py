"""Uploaded files: their bytes, types and thumbnails, and the messages that they are attached to.

Owns `fs.files`, `fs.chunks` and `usage`. Publishes nothing. Who may see a file is decided by the
message that has it, so it asks `messages`. It must never trust the type that a browser claims.
"""

from littlechat.files import types
from littlechat.files.blobs import parts_of
from littlechat.files.schema import COLLECTIONS
from littlechat.files.store import Files
from littlechat.files.types import is_inline
from littlechat.files.uploads import UPLOAD_TIMEOUT_SECONDS, TooLarge, Upload
from littlechat.files.usage import Full

__all__ = [
    "COLLECTIONS",
    "UPLOAD_TIMEOUT_SECONDS",
    "Files",
    "Full",
    "TooLarge",
    "Upload",
    "is_inline",
    "parts_of",
    "types",
]
