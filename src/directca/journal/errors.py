"""What can go wrong between the journal and those who keep copies of it."""

from directca.errors import Conflict, Malformed, NotFound, Unavailable


class BadExportTarget(Malformed):
    """What the journal is to be exported to is neither a file nor a syslog receiver that directca can speak to safely."""

    slug = "bad_export_target"


class ExportDiverged(Conflict):
    """The journal does not continue what was exported: a row is missing or altered, or an older backup was restored."""

    slug = "export_diverged"


class ExportRunning(Conflict):
    """Another process exports the journal to the same target."""

    slug = "export_running"


class ReceiverUnavailable(Unavailable):
    """Who is to receive the journal did not acknowledge the rows, so they count as not exported and are sent again."""

    slug = "receiver_unavailable"


class NoSuchVerification(NotFound):
    """There is no such verification of the journal."""

    slug = "verification_not_found"


class NoSuchRow(NotFound):
    """The journal has no row with this number."""

    slug = "journal_row_not_found"
