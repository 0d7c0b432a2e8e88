"""accounts."""

from littlechat.accounts.audit import Audit
from littlechat.accounts.profile_values import (
    STATUS_HOURS,
    Profile,
    clean_bio,
    clean_display,
    clean_status,
    clean_zone,
    zones,
)
from littlechat.accounts.profiles import People, current
from littlechat.accounts.registration import (
    DAYS_DEFAULT,
    DAYS_MAX,
    USES_DEFAULT,
    USES_MAX,
    Admission,
    Mode,
    clean_mode,
)
from littlechat.accounts.users import Accounts, Disabled, WrongLogin

__all__ = [
    "Accounts",
    "Admission",
    "Audit",
    "DAYS_DEFAULT",
    "DAYS_MAX",
    "Disabled",
    "Mode",
    "People",
    "Profile",
    "STATUS_HOURS",
    "USES_DEFAULT",
    "USES_MAX",
    "WrongLogin",
    "clean_bio",
    "clean_display",
    "clean_mode",
    "clean_status",
    "clean_zone",
    "current",
    "zones",
]
