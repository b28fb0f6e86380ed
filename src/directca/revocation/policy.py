"""The decisions of revoking, pure: which reason may be applied to a pair in which state, and by whom.

                issued      held        revoked
a final reason  revoked     revoked     the same: nothing; keyCompromise: raised; another: refused
certificateHold held        nothing     refused
removeFromCRL   refused     issued      refused
"""

from directca.certificates.model import Record, State
from directca.pki.reasons import RevocationReason
from directca.revocation.errors import AlreadyRevoked, BadReason, NotHeld, ReasonReserved
from directca.revocation.model import Requester

_OFFICERS_ONLY = frozenset({RevocationReason.CA_COMPROMISE, RevocationReason.AA_COMPROMISE})


def reason(word: str) -> RevocationReason:
    """The reason of a word of the API, whose spelling is exact."""
    try:
        return RevocationReason(word)
    except ValueError as error:
        words = ", ".join(one.value for one in RevocationReason)
        raise BadReason(f"The reason must be one of: {words}.", field="reason") from error


def authorise(requester: Requester, wanted: RevocationReason) -> None:
    """A compromise of an authority is for its officers to assert (contract, section 2)."""
    if wanted in _OFFICERS_ONLY and not requester.officer:
        raise ReasonReserved(
            f"{wanted.value} can be asserted by officers of the certificate authority only. Use keyCompromise for your own key.",
            field="reason",
        )


def changes(record: Record, wanted: RevocationReason) -> bool:
    """Whether the reason changes this pair; False when what is asked for is the case already.

    Raises AlreadyRevoked or NotHeld when it cannot be applied.
    """
    match record.state:
        case State.REVOKED:
            return _raises_reason(record, wanted)
        case State.HELD:
            return wanted is not RevocationReason.CERTIFICATE_HOLD
        case _:
            if wanted is RevocationReason.REMOVE_FROM_CRL:
                raise NotHeld(f"{record.identifier} is not on hold, so there is nothing to release.", field="reason")
            return True


def _raises_reason(record: Record, wanted: RevocationReason) -> bool:
    if wanted is record.revocation_reason:
        return False
    if wanted is RevocationReason.KEY_COMPROMISE:
        return True
    said = "unspecified" if record.revocation_reason is None else record.revocation_reason.value
    raise AlreadyRevoked(
        f"{record.identifier} was revoked with reason {said}, which is final. Only keyCompromise can still be said.",
        field="reason",
    )
