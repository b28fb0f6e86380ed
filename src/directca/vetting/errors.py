"""Why an organization may not have a certificate, and what an operator's record lacks.

The `Rejected` ones are the answers to the issuing verb: each says what is missing and who must act.
"""

from directca.errors import Conflict, Malformed, NotFound, Rejected


class OrganizationNotVetted(Rejected):
    """The account has no approved organization for this name, or the organization is suspended or ended."""

    slug = "organization_not_vetted"


class ReviewOverdue(Rejected):
    """The organization was to be reviewed, and the day has passed; it confirms its facts in a case of that kind."""

    slug = "review_overdue"


class RepresentativeNotProofed(Rejected):
    """No representative of the organization has a valid identity proofing on file."""

    slug = "representative_not_proofed"


class ProofingExpired(Rejected):
    """The representative's identity proofing is too old: for a first certificate, or altogether."""

    slug = "proofing_expired"


class ReproofingRequired(Rejected):
    """A certificate of this name was revoked, so identity must be proofed afresh before the next one."""

    slug = "reproofing_required"


class DomainNotVerified(Rejected):
    """The account has no verified claim on the name's domain."""

    slug = "domain_not_verified"


class DomainClaimExpired(Rejected):
    """The claim on the name's domain was verified too long ago and must be verified again."""

    slug = "domain_claim_expired"


class MailboxNotAuthorized(Rejected):
    """The organization's representative has not authorized certificates for this mailbox."""

    slug = "mailbox_not_authorized"


class AgreementRequired(Rejected):
    """The organization has not accepted the current version of the subscriber agreement."""

    slug = "agreement_required"


class OrganizationTypeNotVetted(Rejected):
    """The organization has not attested to the category that the request asks for."""

    slug = "organization_type_not_vetted"


class BadVettingRecord(Malformed):
    """What was to be put on file is incomplete or contradicts itself; nothing was written."""

    slug = "bad_vetting_record"


class NoSuchOrganization(NotFound):
    """There is no organization with this identifier."""

    slug = "organization_not_found"


class OrganizationState(Conflict):
    """The organization is not in a state that allows this."""

    slug = "organization_state"


class DomainHeldElsewhere(Conflict):
    """Another organization holds a verified claim on this domain; one domain has one holder."""

    slug = "domain_held_elsewhere"


class NoSuchClaim(NotFound):
    """The organization has no verified claim on this domain."""

    slug = "domain_claim_not_found"


class NoSuchAuthority(NotFound):
    """The organization has no authority over this mailbox on file."""

    slug = "mailbox_authority_not_found"


class NoSuchProofing(NotFound):
    """The organization has no valid proofing with this identifier."""

    slug = "proofing_not_found"
