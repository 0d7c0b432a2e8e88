"""The collections that `files` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

FILES = CollectionSpec(
    "fs.files",
    Index("room", "seq"),
    # Almost no file is without a message.
    Index("loose", sparse=True),
)
"""What each file is and whose, in GridFS’s layout."""

CHUNKS = CollectionSpec(
    "fs.chunks",
    Index("files_id", "n", unique=True),
)
"""The bytes of files, in GridFS’s layout."""

USAGE = CollectionSpec("usage")
"""How much all files take, and when they were last swept."""

COLLECTIONS = (
    FILES,
    CHUNKS,
    USAGE,
)
