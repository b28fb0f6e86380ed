"""The decisions of revoking, pure: which reason may be applied to a pair in which state, and by whom.

                issued      held        revoked
a final reason  revoked     revoked     the same: nothing; keyCompromise: raised; another: refused
certificateHold held        nothing     refused
removeFromCRL   refused     issued      refused
"""

from datetime import UTC, datetime
from typing import Protocol

from directca.accounts import policy as people_policy
from directca.certificates.model import State
from directca.clock import rfc3339
from directca.errors import Conflict
from directca.pki.reasons import RevocationReason
from directca.revocation.authority_errors import BadInvalidityDate
from directca.revocation.bulk_errors import OfficersOnly
from directca.revocation.errors import AlreadyExpired, AlreadyRevoked, BadReason, NotHeld, ReasonReserved
from directca.revocation.model import Requester

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing that is suspect is older: a date before it is a slip."""

OFFICERS_ONLY = frozenset({RevocationReason.CA_COMPROMISE, RevocationReason.AA_COMPROMISE})


UNCHANGED = "unchanged"
CHANGED = {
    RevocationReason.CERTIFICATE_HOLD: "held",
    RevocationReason.REMOVE_FROM_CRL: "released",
}
"""What a pair to which a reason was applied has become, in a word; any other reason makes it `revoked`."""

EFFECTIVE = frozenset({State.REVOKED.value, *CHANGED.values()})
"""The outcomes that change a pair."""


class Standing(Protocol):
    """As much of a record as these decisions need."""

    @property
    def identifier(self) -> str:
        """The name."""

    @property
    def state(self) -> State:
        """Where the record stands."""

    @property
    def revocation_reason(self) -> RevocationReason | None:
        """Why it was revoked or held."""

    def valid_at(self, moment: datetime) -> bool:
        """Whether it has not expired."""


def reason(word: str) -> RevocationReason:
    """The reason of a word of the API, whose spelling is exact."""
    try:
        return RevocationReason(word)
    except ValueError as error:
        words = ", ".join(one.value for one in RevocationReason)
        raise BadReason(f"The reason must be one of: {words}.", field="reason") from error


def authorise(requester: Requester, wanted: RevocationReason) -> None:
    """A compromise of an authority is for its officers to assert (contract, section 2)."""
    if wanted in OFFICERS_ONLY and not requester.officer:
        raise ReasonReserved(
            f"{wanted.value} can be asserted by officers of the certificate authority only. Use keyCompromise for your own key.",
            field="reason",
        )


def authorise_bulk(requester: Requester) -> None:
    """Certificates of many accounts at once are for officers of the authority alone, and for its operator."""
    if not requester.officer:
        raise OfficersOnly("Only officers of the certificate authority can do this. Revoke the names of your own account.")


def check_fresh(requester: Requester, now: datetime, seconds: int) -> None:
    """An officer shows the second factor anew for what only officers may (docs/reference/permissions.md). Raises StepUpFirst."""
    if not requester.operator:
        people_policy.shown_within(requester.shown_at, now, seconds)


def check_invalidity_date(moment: datetime | None, now: datetime) -> None:
    """RFC 5280 5.3.2: when it is known or suspected that the key was compromised; that has been by now.

    It may have been before the key was certified here, though not before there were keys for Direct.
    """
    if moment is not None and moment < _EARLIEST:
        raise BadInvalidityDate(
            f"The moment since which keys are suspect cannot be before {rfc3339(_EARLIEST)}. If it is not known, leave it out.",
            field="invalidityDate",
        )
    if moment is not None and moment > now:
        raise BadInvalidityDate("The moment since which the keys are suspect must not lie in the future.", field="invalidityDate")


def outcome(record: Standing, wanted: RevocationReason, now: datetime) -> str:
    """What becomes of one pair among many: a word of CHANGED, `revoked`, `unchanged`, or the slug of what refuses it."""
    if not record.valid_at(now):
        return AlreadyExpired.slug
    try:
        changed = changes(record, wanted)
    except Conflict as refusal:
        return refusal.slug
    return CHANGED.get(wanted, State.REVOKED.value) if changed else UNCHANGED


def is_refusal(outcome: str) -> bool:
    """Whether an outcome is what refused it."""
    return outcome not in EFFECTIVE and outcome != UNCHANGED


def changes(record: Standing, wanted: RevocationReason) -> bool:
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


def _raises_reason(record: Standing, wanted: RevocationReason) -> bool:
    if wanted is record.revocation_reason:
        return False
    if wanted is RevocationReason.KEY_COMPROMISE:
        return True
    said = "unspecified" if record.revocation_reason is None else record.revocation_reason.value
    raise AlreadyRevoked(
        f"{record.identifier} was revoked with reason {said}, which is final. Only keyCompromise can still be said.",
        field="reason",
    )
