"""The collections that `files` owns, and their indexes."""

from littlechat.platform import CollectionSpec, Index

FILES = CollectionSpec(
    "fs.files",
    Index("room", "seq"),
    # Almost every file has a message, and is not in this index.
    Index("loose", sparse=True),
)
"""The metadata of files, in GridFS's layout with fields of our own (`uploads.py`)."""

CHUNKS = CollectionSpec(
    "fs.chunks",
    Index("files_id", "n", unique=True),
)
"""The bytes of files, in GridFS's layout."""

USAGE = CollectionSpec("usage")
"""Two documents: the bytes that all files take, and when they were last swept."""

COLLECTIONS = (
    FILES,
    CHUNKS,
    USAGE,
)
