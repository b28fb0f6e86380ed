"""What can go wrong between the authority and its database, for the operator to act on."""

from directca.errors import Conflict, Malformed, Unavailable


class DatabaseUnusable(Unavailable):
    """The database cannot be opened, is damaged, or belongs to another version of the software."""

    slug = "database_unusable"
    instead = "The authority's records cannot be used now, so nothing was done. Its operator must act; try again later."


class UnstorableText(Malformed):
    """A text with a NUL character reached a database that has none."""

    slug = "unstorable_text"


class DatabaseBusy(Unavailable):
    """Another writer held the database for longer than the authority waits."""

    slug = "database_busy"


class LeaseLost(Unavailable):
    """Another process has taken over what this one was doing, because it took too long; nothing more is done here."""

    slug = "lease_lost"


class OlderNodesRun(Unavailable):
    """Nodes of an older release use the database, and this release's schema would break them; nothing was changed."""

    slug = "older_nodes_run"
    instead = DatabaseUnusable.instead


class SchemaBehind(Unavailable):
    """The database lacks what this release needs, and this server's role of the database may not add it; its owner may."""

    slug = "schema_behind"
    instead = DatabaseUnusable.instead


class RoleTooPowerful(Unavailable):
    """The role of the database that serves could change what is written down for good, though another role owns the tables."""

    slug = "role_too_powerful"
    instead = DatabaseUnusable.instead


class DatabaseMoved(Unavailable):
    """The records live on in another database since they were copied there, and must not live on here as well."""

    slug = "database_moved"
    instead = DatabaseUnusable.instead


class CopyRefused(Conflict):
    """A database cannot be copied as it is, or not to where it should go; nothing was copied."""

    slug = "copy_refused"


class CopyDiffers(Conflict):
    """What was read back from the copy of a database is not what is in the database; nothing was kept."""

    slug = "copy_differs"
