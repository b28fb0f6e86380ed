"""The decisions of issuing, pure: what a principal may ask for, and what a request must agree with."""

from collections.abc import Iterable
from datetime import datetime

from directca.certificates.model import Record, State
from directca.issuance.errors import (
    BadDuration,
    DurationFixed,
    MissingParameter,
    NotRenewable,
    OutlivesIssuer,
    OutlivesProofing,
    ReissueOnly,
    SubjectMismatch,
)
from directca.issuance.model import Application, SubjectHints, Verb
from directca.pki.errors import SameKeyTwice
from directca.pki.keys import RsaKey
from directca.pki.requests import CertificationRequest
from directca.vetting.model import Vetted


def check_duration(years: int | None, allowed: tuple[int, ...]) -> int:
    """The number of years, if the policy allows it."""
    words = ", ".join(str(one) for one in allowed)
    if years is None:
        raise MissingParameter(f"durationYear is required: one of {words}.", field="durationYear")
    if years not in allowed:
        raise BadDuration(f"durationYear must be one of {words}.", field="durationYear")
    return years


def check_term(application: Application, allowed: tuple[int, ...]) -> int:
    """The number of years of what is bought, if the policy allows it. What only a reissue can ask for is refused."""
    found = check_duration(application.duration_years, allowed)
    check_not_immediate(application)
    return found


def years(verb: Verb, asked: int | None, predecessor: Record) -> int:
    """The duration of a successor. A reissue keeps its expiry date; a duration that says otherwise is refused, not ignored."""
    if verb is Verb.REISSUE and asked not in (None, predecessor.duration_years):
        raise DurationFixed("A reissue keeps the expiry date. Leave out durationYear, or renew the pair.", field="durationYear")
    return predecessor.duration_years if asked is None else asked


def check_renewable(verb: Verb, record: Record, now: datetime) -> None:
    """Only a valid pair can have a successor: a revoked, held or expired one must be issued anew, or released first.

    A reissue ends with its predecessor, so in that one's last second nothing is left to certify.
    """
    if record.state is State.HELD:
        raise NotRenewable(f"{record.identifier} is held. Release it first (reason removeFromCRL).")
    if record.state is not State.ISSUED:
        raise NotRenewable(f"{record.identifier} is revoked. Issue a new pair instead.")
    if not record.valid_at(now) or (verb is Verb.REISSUE and now >= record.not_after):
        raise NotRenewable(f"{record.identifier} has expired. Issue a new pair instead.")


def check_hints(hints: SubjectHints, requests: Iterable[CertificationRequest], common_name: str, vetted: Vetted) -> None:
    """The subject of a request, where it says anything, must agree with its CSRs' name and with the vetted organization."""
    if hints.common_name is not None and hints.common_name.lower() != common_name:
        raise SubjectMismatch(f"subject.commonName is not {common_name}.", field="subject.commonName")
    if hints.organization is not None and not _same(hints.organization, vetted.legal_name):
        raise SubjectMismatch(
            f"subject.organization is not the vetted name, {vetted.legal_name}. Leave it out or correct it.",
            field="subject.organization",
        )
    units = vetted.organizational_units
    if hints.organizational_unit is not None and not any(_same(hints.organizational_unit, one) for one in units):
        raise SubjectMismatch(
            "subject.organizationUnit is not among the organization's vetted units. Leave it out or correct it.",
            field="subject.organizationUnit",
        )
    for request in requests:
        if request.common_name.value != common_name:
            raise SubjectMismatch(f"The certification requests are not for {common_name}.", field="commonName")


def check_not_immediate(application: Application) -> None:
    """Only a reissue ends its predecessor, so only there can the caller ask for it at once."""
    if application.revoke_immediately:
        raise ReissueOnly("revokeImmediately belongs to Reissue; leave it out.", field="revokeImmediately")


def check_different(signing: RsaKey, encryption: RsaKey) -> None:
    """The two certificates of a pair have different keys, also when one of them stays."""
    if signing.modulus == encryption.modulus:
        raise SameKeyTwice("The signing and the encryption certificate need different keys; make a new one.")


def check_lifetime(not_after: datetime, *, issuer_not_after: datetime, proofing_ends: datetime) -> None:
    """A certificate ends before its issuer (invariant 15) and before the proofing it rests on."""
    if not_after > issuer_not_after:
        raise OutlivesIssuer("The certificate would outlive its issuer. Choose a shorter duration.", field="durationYear")
    if not_after > proofing_ends:
        raise OutlivesProofing(
            f"The representative's proofing ends on {proofing_ends:%Y-%m-%d}, before the certificate would. "
            "Choose a shorter duration, or have the representative proofed again by the registration authority.",
            field="durationYear",
        )


def _same(said: str, known: str) -> bool:
    return " ".join(said.split()).casefold() == " ".join(known.split()).casefold()
