"""actions."""

from littlechat.actions.administration import Administration
from littlechat.actions.deleted_rooms import Remains
from littlechat.actions.everything import Actions
from littlechat.actions.threads import Threads

__all__ = [
    "Actions",
    "Administration",
    "Remains",
    "Threads",
]
