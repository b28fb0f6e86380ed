"""What can go wrong at the command line, besides what the rooms below explain."""

from pathlib import Path

from directca.errors import Conflict, Malformed, Unavailable


class BadOption(Malformed):
    """An option's value cannot be read as what it should be."""

    slug = "bad_option"


class BackupUnsound(Conflict):
    """The backup is incomplete, altered, or holds a damaged database or a broken journal; nothing was restored from it."""

    slug = "backup_unsound"


class BackupTargetTaken(Conflict):
    """Something is where the backup or the restored authority should go."""

    slug = "backup_target_taken"


class BackedUpElsewhere(Conflict):
    """The database is backed up by its own server's tools, so a backup by directca would lack it."""

    slug = "backed_up_elsewhere"


class BooksDisagree(Conflict):
    """The ledger's books do not agree."""

    slug = "books_disagree"


class JournalBroken(Conflict):
    """The journal's chain does not hold."""

    slug = "journal_broken"


class NotConfirmed(Conflict):
    """The operator did not confirm what the command was about to do."""

    slug = "not_confirmed"


class FileTaken(Conflict):
    """A file that a command was to make is there already; it is never replaced."""

    slug = "file_taken"


class StillIssuing(Conflict):
    """A certificate was being issued while its organization ended; the command must be given once more."""

    slug = "still_issuing"


class RenewalFailed(Unavailable):
    """The look at domains whose control ends soon ended without a result."""

    slug = "renewal_failed"


class NotifyEnded(Unavailable):
    """The process that sends events to webhooks and people ended; it is started again, and nothing is lost."""

    slug = "notify_ended"


class VerificationRunning(Conflict):
    """Another process looks at everything that certificates name; two at once would tell each other's changes as findings."""

    slug = "verification_running"


class FolderUnusable(Unavailable):
    """The data folder cannot be made or written."""

    slug = "folder_unusable"


class FolderInUse(Unavailable):
    """A running server uses the data folder."""

    slug = "folder_in_use"


class VerificationFailed(Unavailable):
    """A scheduled look at everything that certificates name came to nothing, so nobody knows whether status is told rightly."""

    slug = "verification_failed"


class ExportEnded(Unavailable):
    """The process that exports the journal ended by itself, so nobody receives it until it runs again."""

    slug = "export_ended"


class NodeIncomplete(Unavailable):
    """The data folder lacks what the other nodes of its authority have."""

    slug = "node_incomplete"


class FoundingRefused(Unavailable):
    """The authority's own checks refuse the certificates that the settings and the policy would give it."""

    slug = "founding_refused"


class CrlRefused(Unavailable):
    """The authority's own checks refuse the list that was to be signed; nothing was signed."""

    slug = "crl_refused"


class PortTaken(Unavailable):
    """Another program listens on the port."""

    slug = "port_taken"


def folder_unusable(data: Path, error: OSError) -> FolderUnusable:
    """What the system says about the data folder, or about a file in it, as the refusal of a command."""
    where = "" if error.filename in {None, str(data)} else f" ({error.filename})"
    return FolderUnusable(
        f"The folder {data} cannot be written: {error.strerror}{where}. Give another with --data, or correct its permissions."
    )
