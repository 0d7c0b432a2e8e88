"""actions."""

from littlechat.actions.facade import Actions

__all__ = [
    "Actions",
]
