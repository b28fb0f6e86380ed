"""What can go wrong when a role is granted or withdrawn, or when somebody does what no role of theirs allows."""

from directca.errors import Conflict, Malformed, Rejected, Unauthenticated


class RolesExclude(Conflict):
    """Administrator, officer and auditor check one another: one person holds at most one of them."""

    slug = "roles_exclude"


class RoleNotGranted(Malformed):
    """This role is granted to nobody: everybody of an account has it."""

    slug = "role_not_granted"


class LastAdministrator(Conflict):
    """Nobody would be left who can grant roles on the pages."""

    slug = "last_administrator"


class NotPermitted(Rejected):
    """None of the person's roles allows this; the table of permissions says whose do."""

    slug = "not_permitted"


class StepUpFirst(Unauthenticated):
    """This needs the second factor once more, since it was last shown more than `within` seconds ago."""

    slug = "step_up_required"

    def __init__(self, detail: str, *, within: int) -> None:
        super().__init__(detail)
        self.within = within
