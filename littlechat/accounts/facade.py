"""The one object by which other packages reach accounts."""

from littlechat.accounts.audit import AuditLog
from littlechat.accounts.installation import Installation
from littlechat.accounts.names import Names
from littlechat.accounts.passwords import Passwords
from littlechat.accounts.profiles import Profiles
from littlechat.accounts.registration import Registration
from littlechat.accounts.roles import Roles
from littlechat.accounts.sessions import Sessions
from littlechat.accounts.users import Users
from littlechat.platform import Database


class Accounts:
    """The stores of accounts."""

    def __init__(self, db: Database) -> None:
        self.roles, self.names = Roles(db), Names(db)
        self.users = Users(db, self.roles, Passwords())
        self.sessions = Sessions(db, self.users)
        self.registration = Registration(db)
        self.profiles = Profiles(db)
        self.audit = AuditLog(db)
        self.installation = Installation(db)
