"""Every write that others must see, one file for each noun; only here is decided what to publish.

Each method checks, stores, renders once and publishes, and runs to its end even if its caller is
cancelled. Features subscribe here to posts, changes and deletions. Owns no collections.
"""

from littlechat.actions.facade import Actions

__all__ = [
    "Actions",
]
