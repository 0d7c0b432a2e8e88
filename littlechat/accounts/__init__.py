"""Accounts: users, passwords, sessions, registration, roles, profiles, the audit log.

Owns `users`, `sessions`, `endings`, `passes`, `settings`, `audit`, `avatars`. Publishes nothing:
`actions` does, when it ends somebody's access. It knows no rooms. It must never give a session's
token to anything but the browser's cookie, or a password to anything but its hash.
"""

from littlechat.accounts.audit import AuditLog
from littlechat.accounts.facade import Accounts
from littlechat.accounts.installation import (
    INSTALLATION,
    INSTALLATION_NAME_MAX,
    NAME_DEFAULT,
    validate_installation_name,
    validate_public_address,
)
from littlechat.accounts.names import validate_new_username
from littlechat.accounts.profile_values import (
    PROFILE_LIMITS,
    STATUS_HOURS,
    validate_bio,
    validate_display,
    validate_status,
    validate_zone,
    zones,
)
from littlechat.accounts.profiles import current
from littlechat.accounts.registration import (
    DAYS_DEFAULT,
    DAYS_MAX,
    USES_DEFAULT,
    USES_MAX,
    Mode,
    Registration,
    validate_mode,
)
from littlechat.accounts.schema import COLLECTIONS
from littlechat.accounts.sessions import SESSION_LIFE, Sessions
from littlechat.accounts.setup_token import is_setup_token, setup_token
from littlechat.accounts.users import Disabled, Users, WrongLogin

__all__ = [
    "COLLECTIONS",
    "DAYS_DEFAULT",
    "DAYS_MAX",
    "INSTALLATION",
    "INSTALLATION_NAME_MAX",
    "NAME_DEFAULT",
    "PROFILE_LIMITS",
    "SESSION_LIFE",
    "STATUS_HOURS",
    "USES_DEFAULT",
    "USES_MAX",
    "Accounts",
    "AuditLog",
    "Disabled",
    "Mode",
    "Registration",
    "Sessions",
    "Users",
    "WrongLogin",
    "current",
    "is_setup_token",
    "setup_token",
    "validate_bio",
    "validate_display",
    "validate_installation_name",
    "validate_mode",
    "validate_new_username",
    "validate_public_address",
    "validate_status",
    "validate_zone",
    "zones",
]
