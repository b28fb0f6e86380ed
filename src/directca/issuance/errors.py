"""What issuing refuses."""

from directca.errors import Conflict, Malformed, Rejected, Unavailable


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


class IdempotencyKeyReused(Malformed):
    """The Idempotency-Key was used before with another request."""

    slug = "idempotency_key_reused"


class BadIdempotencyKey(Malformed):
    """The Idempotency-Key is empty, too long, or has characters other than visible ASCII."""

    slug = "bad_idempotency_key"


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
