"""accounts."""

from littlechat.accounts.audit import AuditLog
from littlechat.accounts.facade import Accounts
from littlechat.accounts.profile_values import (
    STATUS_HOURS,
    Profile,
    clean_bio,
    clean_display,
    clean_status,
    clean_zone,
    zones,
)
from littlechat.accounts.profiles import Profiles, current
from littlechat.accounts.registration import (
    DAYS_DEFAULT,
    DAYS_MAX,
    USES_DEFAULT,
    USES_MAX,
    Mode,
    Registration,
    clean_mode,
)
from littlechat.accounts.schema import COLLECTIONS
from littlechat.accounts.sessions import Sessions
from littlechat.accounts.users import Disabled, Users, WrongLogin

__all__ = [
    "Accounts",
    "AuditLog",
    "COLLECTIONS",
    "DAYS_DEFAULT",
    "DAYS_MAX",
    "Disabled",
    "Mode",
    "Profile",
    "Profiles",
    "Registration",
    "STATUS_HOURS",
    "Sessions",
    "USES_DEFAULT",
    "USES_MAX",
    "Users",
    "WrongLogin",
    "clean_bio",
    "clean_display",
    "clean_mode",
    "clean_status",
    "clean_zone",
    "current",
    "zones",
]
