"""The registration authority's decisions that need no database: what an organization may become, what a record must hold."""

import unicodedata
from datetime import datetime, timedelta

from directca.clock import whole_second
from directca.direct import names
from directca.pki import countries
from directca.vetting.errors import BadVettingRecord
from directca.vetting.model import EVERY_MAILBOX, OrganizationFacts, OrganizationStatus, ProofingFacts

TRANSITIONS: dict[OrganizationStatus, frozenset[OrganizationStatus]] = {
    OrganizationStatus.DRAFT: frozenset({OrganizationStatus.APPROVED, OrganizationStatus.ENDED}),
    OrganizationStatus.APPROVED: frozenset({OrganizationStatus.SUSPENDED, OrganizationStatus.ENDED}),
    OrganizationStatus.SUSPENDED: frozenset({OrganizationStatus.APPROVED, OrganizationStatus.ENDED}),
    OrganizationStatus.ENDED: frozenset(),
}

# Upper bounds of the attributes in a certificate's name (RFC 5280 appendix A.1).
_NAME_MAXIMUM = 64
_PLACE_MAXIMUM = 128
_EVIDENCE_MAXIMUM = 200
_NOTE_MAXIMUM = 2000


def proofing_ends(proofed_at: datetime, years: int) -> datetime:
    """The first moment at which a proofing no longer holds: its anniversary; that of 29 February is 28 February."""
    try:
        return proofed_at.replace(year=proofed_at.year + years)
    except ValueError:
        return proofed_at.replace(year=proofed_at.year + years, day=28)


def not_after_limit(proofed_at: datetime, years: int) -> datetime:
    """The latest notAfter inside a proofing. notAfter belongs to the validity, so it is a second before the end."""
    return whole_second(proofing_ends(proofed_at, years) - timedelta(seconds=1))


def cleaned_organization(facts: OrganizationFacts) -> OrganizationFacts:
    """The facts in the form in which they are certified. Raises BadVettingRecord for what none can carry."""
    check_country(facts.country)
    units = tuple(cleaned("organizational_units", unit, most=_NAME_MAXIMUM) for unit in facts.organizational_units)
    if len(set(units)) != len(units):
        raise BadVettingRecord("An organizational unit is given twice.", field="organizational_units")
    types = facts.organization_types
    if not types or len(set(types)) != len(types):
        raise BadVettingRecord("Give each category that the organization has attested to, once.", field="organization_types")
    return OrganizationFacts(
        legal_name=cleaned("legal_name", facts.legal_name, most=_NAME_MAXIMUM),
        country=facts.country,
        state=cleaned("state", facts.state, most=_PLACE_MAXIMUM),
        locality=cleaned("locality", facts.locality, most=_PLACE_MAXIMUM),
        organizational_units=units,
        organization_types=types,
    )


def check_country(code: str) -> None:
    """Raises BadVettingRecord for what is no country's code."""
    if not countries.is_assigned(code):
        raise BadVettingRecord(countries.WANTED, field="country")


def cleaned_proofing(facts: ProofingFacts, *, years: int, now: datetime) -> ProofingFacts:
    """The proofing in the form in which it is kept. Raises BadVettingRecord for one that cannot be relied upon."""
    if not (facts.declared_by_representative and facts.declared_by_verifier):
        raise BadVettingRecord(
            "Both declarations, the representative's and the verifier's, must have been made before a proofing is recorded.",
            field="declarations",
        )
    if facts.proofed_at > now:
        raise BadVettingRecord("The proofing lies in the future. Give the day on which it took place.", field="proofed_at")
    if proofing_ends(facts.proofed_at, years) <= now:
        raise BadVettingRecord(f"The proofing is older than {years} years. Proof the representative again.", field="proofed_at")
    representative = cleaned("representative", facts.representative, most=_PLACE_MAXIMUM)
    verifier = cleaned("verifier", facts.verifier, most=_PLACE_MAXIMUM)
    if same_text(representative, verifier):
        raise BadVettingRecord("Nobody proofs their own identity. Name the person who verified it.", field="verifier")
    return ProofingFacts(
        representative=representative,
        method=facts.method,
        evidence_type=cleaned("evidence_type", facts.evidence_type, most=_EVIDENCE_MAXIMUM),
        evidence_number=cleaned("evidence_number", facts.evidence_number, most=_EVIDENCE_MAXIMUM),
        verifier=verifier,
        proofed_at=facts.proofed_at,
        declared_by_representative=True,
        declared_by_verifier=True,
    )


def one_mailbox(text: str, domain: str) -> str:
    """The part before the @ of an address in its one spelling, or * for each. Raises BadDirectName, BadVettingRecord."""
    if text == EVERY_MAILBOX:
        return text
    if "@" in text:
        raise BadVettingRecord("Give the mailbox without its domain: the part before the @, or * for all.", field="mailbox")
    local_part = names.parse(f"{text}@{domain}", field="mailbox").local_part
    if local_part is None:
        raise BadVettingRecord("Give the part of the address before the @, or * for all.", field="mailbox")
    return local_part


def one_address(text: str, *, field: str = "address") -> tuple[str, str]:
    """The domain and the mailbox of an address; `*@domain` is each of the domain. Raises BadDirectName, BadVettingRecord."""
    every = text.startswith(f"{EVERY_MAILBOX}@")
    name = names.parse(text[2:] if every else text, field=field)
    if every and name.local_part is None:
        return name.domain, EVERY_MAILBOX
    if every or name.local_part is None:
        raise BadVettingRecord("Give an address, name@domain, or *@domain for every mailbox of the domain.", field=field)
    return name.domain, name.local_part


def cleaned(field: str, text: str, *, most: int) -> str:
    """The text with single spaces and in normal form. Raises BadVettingRecord if it is empty, too long or not printable."""
    found = unicodedata.normalize("NFC", " ".join(text.split()))
    if not found or len(found) > most or not found.isprintable():
        raise BadVettingRecord(_asked(field, found, most), field=field)
    return found


def _asked(field: str, found: str, most: int) -> str:
    called = field.replace("_", " ")
    return f"The {called} must be 1 to {most} characters, without control characters." if found else f"The {called} is missing."


def cleaned_note(field: str, text: str) -> str:
    """A text of several lines in normal form. Raises BadVettingRecord if it is empty, too long or not printable."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    if not lines or len(lines) > _NOTE_MAXIMUM or not lines.replace("\n", " ").isprintable():
        raise BadVettingRecord(_asked(field, lines, _NOTE_MAXIMUM), field=field)
    return lines


def same_text(one: str, other: str) -> bool:
    """Whether a reader would call the two the same: letter case and spacing do not count."""
    return _folded(one) == _folded(other)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(text.split())).casefold()
