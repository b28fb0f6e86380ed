"""What revocation in bulk refuses."""

from directca.errors import Conflict, Malformed, NotFound, Rejected


class OfficersOnly(Rejected):
    """Only an officer of the certificate authority, or its operator, may touch certificates of other accounts."""

    slug = "officers_only"


class BadSelection(Malformed):
    """It is not said whose certificates are meant, or what is said cannot be joined: a list stands by itself."""

    slug = "bad_selection"


class UnknownJob(NotFound):
    """No revocation in bulk has this id."""

    slug = "revocation_not_found"


class JobFinished(Conflict):
    """The revocation in bulk has come to its end, or was cancelled; nothing of it is left to do."""

    slug = "revocation_finished"
