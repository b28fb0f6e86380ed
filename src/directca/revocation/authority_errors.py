"""What revoking an authority, and bringing a list that was signed offline, refuse. Operators alone meet these."""

from directca.errors import Conflict, Malformed, NotFound


class UnknownAuthority(NotFound):
    """No certification authority of this data folder has this id."""

    slug = "authority_not_found"


class TrustAnchor(Conflict):
    """A root stands above every list, so nothing can say that it is revoked; relying parties have to remove it themselves."""

    slug = "trust_anchor"


class AuthorityAlreadyRevoked(Conflict):
    """The authority is revoked. That is final; its reason can only be raised to a compromise."""

    slug = "authority_already_revoked"


class BadInvalidityDate(Malformed):
    """The moment since which the key or the certificate is not to be trusted lies in the future, or too far back."""

    slug = "bad_invalidity_date"


class BadOrder(Malformed):
    """The file is not an order for a CRL as this version writes it, or it is damaged."""

    slug = "bad_order"


class ForeignOrder(Conflict):
    """The order asks another authority than the one whose key and certificate were given."""

    slug = "foreign_order"


class BadCrlFile(Malformed):
    """The file is not a CRL that this authority's key signed."""

    slug = "bad_crl_file"


class CrlNotNewer(Conflict):
    """The list does not come after the published one: an older list never replaces a newer one."""

    slug = "crl_not_newer"


class CrlNumberFar(Conflict):
    """The number of the list is further from the time in seconds than any clock error explains: something was altered."""

    slug = "crl_number_far"


class CrlOutOfTime(Conflict):
    """The list is not valid yet, not any more, or for longer than the policy lets it be."""

    slug = "crl_out_of_time"


class CrlIncomplete(Conflict):
    """The list does not say exactly what the register says: an entry is missing, differs, or is not explained."""

    slug = "crl_incomplete"
