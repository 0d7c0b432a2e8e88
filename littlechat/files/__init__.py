"""What people upload: its bytes, what type it is, small pictures of it, and who refers to it.

Owns `fs.files`, `fs.chunks`, `usage`. The message decides who may see a file, so it asks `messages`
and never decides by itself. What a browser says of a file is never believed.
"""

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
