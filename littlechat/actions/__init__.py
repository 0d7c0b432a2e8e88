"""Every write that others must see, one file a noun; the only place that decides to publish.

Each verb checks, stores, renders once and publishes, and is seen through to its end though its
caller goes away. Features subscribe here to posts, changes and deletions. Owns no collections.
"""

from littlechat.actions.facade import Actions

__all__ = [
    "Actions",
]
