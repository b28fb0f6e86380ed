"""What can go wrong between the authority and its database, for the operator to act on."""

from directca.errors import Malformed, Unavailable


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
