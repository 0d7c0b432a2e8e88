"""The collections that `search` owns, and their indexes."""

from littlechat.platform import CollectionSpec

SEARCH_STATE = CollectionSpec("search_state")
"""The manifest of the index, and the lease for sweeping."""

SEARCH_ROOMS = CollectionSpec("search_rooms")
"""How far each room is indexed."""

SEARCH_SEGMENTS = CollectionSpec("search_segments")
"""The tables of segments."""

SEARCH_PARTS = CollectionSpec("search_parts")
"""The pages of terms."""

COLLECTIONS = (
    SEARCH_STATE,
    SEARCH_ROOMS,
    SEARCH_SEGMENTS,
    SEARCH_PARTS,
)
