"""What issuing refuses."""

from directca.errors import Conflict, Malformed, NotFound, Rejected, Unavailable


class MissingParameter(Malformed):
    """A parameter that this function needs is missing."""

    slug = "missing_parameter"


class BadDuration(Malformed):
    """`durationYear` is not a number of years that the policy allows."""

    slug = "bad_duration"


class DurationFixed(Malformed):
    """A reissue keeps the expiry date, so it takes no other duration."""

    slug = "duration_fixed"


class SubjectMismatch(Malformed):
    """The `subject` of the request does not agree with its certification requests or with the vetted records."""

    slug = "subject_mismatch"


class NotRenewable(Conflict):
    """The pair is revoked, held or expired, so it can be neither renewed nor reissued."""

    slug = "not_renewable"


class OutlivesIssuer(Rejected):
    """The certificate would outlive the certificate of the authority that signs it."""

    slug = "outlives_issuer"


class OutlivesProofing(Rejected):
    """The certificate would outlive the identity proofing that it rests on."""

    slug = "outlives_proofing"


class StillInProgress(Unavailable):
    """The first request with this Idempotency-Key has not ended yet."""

    slug = "in_progress"


class FactsChanged(Conflict):
    """The vetted records changed while the request was under way; nothing was issued."""

    slug = "facts_changed"


class OwnKey(Malformed):
    """The request carries a key of the certificate authority itself."""

    slug = "authority_key"


class ReissueOnly(Malformed):
    """A parameter that only Reissue has."""

    slug = "reissue_only"


class NoSuchOrder(NotFound):
    """There is no such order, or it is another account's."""

    slug = "order_not_found"


class NoSuchInvoice(NotFound):
    """There is no such invoice, or it is another account's."""

    slug = "invoice_not_found"


class NotRefundable(Rejected):
    """The order's price is not given back: it is too late, or the pair is of use or was of use."""

    slug = "not_refundable"
