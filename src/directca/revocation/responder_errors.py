"""What OCSP responders refuse."""

from directca.errors import Conflict, NotFound, Unavailable


class NoResponder(Unavailable):
    """No OCSP responder can answer for the authority now, so no certificate may name its address either."""

    slug = "no_ocsp_responder"


class ResponderNotFound(NotFound):
    """The authority has no OCSP responder with this serial number."""

    slug = "responder_not_found"


class ResponderRevoked(Conflict):
    """The OCSP responder is revoked already, which is final."""

    slug = "responder_revoked"
