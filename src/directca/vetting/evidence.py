"""What an organization's certificates rest on: proofings, domain claims, authorities over mailboxes, accepted agreements.

An operator records what was established elsewhere; each record says how, by whom and when, and is in the journal, without the
numbers of identity documents. Each function joins the caller's transaction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from directca.db.engine import Tx
from directca.pki.profiles import Rules
from directca.vetting import evidence_store, organizations
from directca.vetting.declarations import CURRENT
from directca.vetting.domain_policy import claimable, one_domain
from directca.vetting.errors import (
    BadVettingRecord,
    DomainHeldElsewhere,
    NoSuchAuthority,
    NoSuchClaim,
    NoSuchProofing,
)
from directca.vetting.model import (
    Agreement,
    ClaimState,
    DomainClaim,
    DomainMethod,
    MailboxAuthority,
    Proofing,
    ProofingFacts,
    ProofingStatus,
    masked,
)
from directca.vetting.organizations import journal, require_open
from directca.vetting.policy import cleaned, cleaned_proofing, one_mailbox

_ID_BYTES = 12
_TEXT_MAXIMUM = 200


Seal = Callable[[str, str], bytes]
"""Makes of a text, and of the record that it belongs to, what nobody reads without the authority's passphrase."""

Unseal = Callable[[bytes, str], str]
"""Makes of what was sealed, and of the record that it belongs to, the text again."""


def opens_nothing(_sealed: bytes, _record: str) -> str:
    """For those who show no numbers."""
    raise RuntimeError("a sealed number was to be shown where nothing opens it")


def seals_nothing(_text: str, _record: str) -> bytes:
    """For those who record no proofings: without something that seals, none is recorded."""
    raise RuntimeError("a proofing was to be recorded where nothing seals its number")


@dataclass(frozen=True)
class Recording:
    """Who writes something down, when, under which rules, where the identifiers come from, and what seals numbers."""

    actor: str
    at: datetime
    rules: Rules
    random: Callable[[int], bytes]
    seal: Seal = seals_nothing

    def identifier(self) -> str:
        """A new identifier."""
        return self.random(_ID_BYTES).hex()


def record_proofing(tx: Tx, organization_id: str, facts: ProofingFacts, by: Recording) -> Proofing:
    """Put the proofing of a representative on file. The newest valid one counts.

    Raises NoSuchOrganization, OrganizationState, and BadVettingRecord for a proofing that cannot be relied upon.
    """
    kept = cleaned_proofing(facts, years=by.rules.proofing_maximum_years, now=by.at)
    proofing_id = by.identifier()
    sealed = by.seal(kept.evidence_number, proofing_id)
    made = Proofing(proofing_id, organization_id, kept, ProofingStatus.VALID)
    return keep_proofing(tx, made, sealed, CURRENT, actor=by.actor, at=by.at)


def keep_proofing(tx: Tx, made: Proofing, sealed: bytes, declarations_version: str, *, actor: str, at: datetime) -> Proofing:
    """Put a proofing on file whose number is sealed already. Raises NoSuchOrganization, OrganizationState."""
    about = require_open(tx, made.organization_id)
    kept = replace(made.facts, evidence_number=made.facts.masked_evidence_number)
    evidence_store.add_proofing(tx, made, sealed, declarations_version)
    journal(
        tx,
        about,
        "representative.proofed",
        actor,
        at,
        proofing=made.id,
        representative=kept.representative,
        method=kept.method,
        evidence_type=kept.evidence_type,
        verifier=kept.verifier,
        proofed_at=kept.proofed_at.isoformat(),
        declarations=declarations_version,
    )
    return replace(made, facts=kept)


def withdraw_proofing(tx: Tx, organization_id: str, proofing_id: str, by: Recording) -> None:
    """Rely on a proofing no longer. Raises NoSuchOrganization, OrganizationState, NoSuchProofing."""
    about = require_open(tx, organization_id)
    if not withdraw_if_valid(tx, about.id, proofing_id, actor=by.actor, at=by.at):
        raise NoSuchProofing(f"{about.facts.legal_name} has no valid proofing {proofing_id!r}.")


def withdraw_if_valid(tx: Tx, organization_id: str, proofing_id: str, *, actor: str, at: datetime) -> bool:
    """Rely on a proofing no longer, if there is one that is relied upon; whether there was."""
    if not evidence_store.withdraw_proofing(tx, organization_id, proofing_id):
        return False
    journal(tx, organizations.find(tx, organization_id), "proofing.withdrawn", actor, at, proofing=proofing_id)
    return True


def unsealed_numbers(tx: Tx, most: int = 100) -> tuple[tuple[str, str], ...]:
    """Some of the proofings that were recorded before numbers were sealed: the identifier and the number of each."""
    return evidence_store.unsealed(tx, most)


def seal_numbers(tx: Tx, sealed: Iterable[tuple[str, str, bytes]]) -> None:
    """Keep numbers sealed and masked that were kept as they are: the identifier of each proofing, its number, and that sealed."""
    for proofing_id, number, octets in sealed:
        evidence_store.keep_sealed(tx, proofing_id, masked(number), octets)


def sealed_number(tx: Tx, organization_id: str, proofing_id: str, *, actor: str, at: datetime) -> bytes:
    """The sealed number of a proofing, for somebody who may open it: the journal says who. Raises NoSuchProofing."""
    about = organizations.find(tx, organization_id)
    found = evidence_store.sealed_number(tx, organization_id, proofing_id)
    if found is None:
        raise NoSuchProofing(f"{about.facts.legal_name} has no proofing {proofing_id!r} whose number is sealed.")
    journal(tx, about, "proofing.number_read", actor, at, proofing=proofing_id)
    return found


def verify_domain(tx: Tx, organization_id: str, domain: str, method: DomainMethod, evidence: str, by: Recording) -> DomainClaim:
    """Put control of a domain on file, for as long as the policy says. The scope is this very domain, whatever the method.

    It replaces the organization's earlier claim on the domain, and another's that has expired. Raises NoSuchOrganization,
    OrganizationState, BadDirectName, BadVettingRecord, DomainRefused, and DomainHeldElsewhere while another organization's claim
    is good.
    """
    about = require_open(tx, organization_id)
    name = claimable(domain, ())
    made = DomainClaim(
        id=by.identifier(),
        organization_id=about.id,
        domain=name,
        method=method,
        evidence=cleaned("evidence", evidence, most=_TEXT_MAXIMUM),
        state=ClaimState.VERIFIED,
        verified_at=by.at,
        expires_at=by.at + by.rules.domain_claim,
    )
    _make_room(tx, made, by)
    evidence_store.add_claim(tx, made)
    journal(
        tx,
        about,
        "domain.verified",
        by.actor,
        by.at,
        domain=name,
        claim=made.id,
        method=method,
        evidence=made.evidence,
        expires_at=made.expires_at.isoformat(),
    )
    return made


def withdraw_domain(tx: Tx, organization_id: str, domain: str, by: Recording) -> None:
    """End the organization's claim on a domain, and its authority over the domain's mailboxes.

    Raises NoSuchOrganization, OrganizationState, BadDirectName, NoSuchClaim.
    """
    about = require_open(tx, organization_id)
    held = evidence_store.held_claim(tx, one_domain(domain))
    if held is None or held.organization_id != about.id:
        raise NoSuchClaim(f"{about.facts.legal_name} has no verified claim on {domain}.", field="domain")
    _close(tx, held, ClaimState.WITHDRAWN, by.at)
    journal(tx, about, "domain.withdrawn", by.actor, by.at, domain=held.domain, claim=held.id)


def authorize_mailbox(
    tx: Tx, organization_id: str, domain: str, mailbox: str, expires_at: datetime | None, by: Recording
) -> MailboxAuthority:
    """Put on file that the representative authorizes certificates for a mailbox of a domain, `*` for each of them.

    It never proves the domain: that takes a claim, which must exist. An earlier authority over the same mailbox is replaced.
    Raises NoSuchOrganization, OrganizationState, BadDirectName, NoSuchClaim, BadVettingRecord.
    """
    about = require_open(tx, organization_id)
    name = one_domain(domain)
    held = evidence_store.held_claim(tx, name)
    if held is None or held.organization_id != about.id:
        raise NoSuchClaim(
            f"{about.facts.legal_name} has no verified claim on {name}. Show control of it first; a claim begins in the console, "
            "with POST /api/domain or with `directca domain claim`.",
            field="domain",
        )
    if expires_at is not None and expires_at <= by.at:
        raise BadVettingRecord("The authority would have ended already. Give a day in the future.", field="until")
    made = MailboxAuthority(by.identifier(), about.id, name, one_mailbox(mailbox, name), by.at, expires_at)
    evidence_store.withdraw_authorities(tx, about.id, name, made.mailbox, by.at)
    evidence_store.add_authority(tx, made)
    journal(
        tx,
        about,
        "mailbox.authorized",
        by.actor,
        by.at,
        domain=name,
        mailbox=made.mailbox,
        expires_at=None if expires_at is None else expires_at.isoformat(),
    )
    return made


def withdraw_mailbox(tx: Tx, organization_id: str, domain: str, mailbox: str, by: Recording) -> None:
    """End the authority over a mailbox. Raises NoSuchOrganization, OrganizationState, BadDirectName, NoSuchAuthority."""
    about = require_open(tx, organization_id)
    name = one_domain(domain)
    local_part = one_mailbox(mailbox, name)
    if not evidence_store.withdraw_authorities(tx, about.id, name, local_part, by.at):
        raise NoSuchAuthority(f"{about.facts.legal_name} has no authority over {local_part}@{name} on file.", field="mailbox")
    journal(tx, about, "mailbox.withdrawn", by.actor, by.at, domain=name, mailbox=local_part)


def accept_agreement(tx: Tx, organization_id: str, version: str, accepted_by: str, by: Recording) -> Agreement:
    """Put on file that a representative accepted a version of the subscriber agreement; once per version.

    Raises NoSuchOrganization, OrganizationState, and BadVettingRecord for a version that is not the current one.
    """
    about = require_open(tx, organization_id)
    if version != by.rules.agreement_version:
        raise BadVettingRecord(
            f"The current subscriber agreement is version {by.rules.agreement_version}; nothing else can be accepted now.",
            field="version",
        )
    for known in evidence_store.agreements(tx, about.id):
        if known.version == version:
            return known
    made = Agreement(about.id, version, cleaned("accepted_by", accepted_by, most=_TEXT_MAXIMUM), by.at)
    evidence_store.add_agreement(tx, made)
    journal(tx, about, "agreement.accepted", by.actor, by.at, version=version, accepted_by=made.accepted_by)
    return made


def held(tx: Tx, domain: str) -> DomainClaim | None:
    """The claim in force on a domain, whoever's it is, expired or not."""
    return evidence_store.held_claim(tx, domain)


def proofings(tx: Tx, organization_id: str) -> tuple[Proofing, ...]:
    """The organization's proofings, newest first, withdrawn ones too."""
    return evidence_store.proofings(tx, organization_id)


def claims(tx: Tx, organization_id: str) -> tuple[DomainClaim, ...]:
    """The organization's claims in force, expired ones too, by domain."""
    return evidence_store.claims(tx, organization_id)


def authorities(tx: Tx, organization_id: str) -> tuple[MailboxAuthority, ...]:
    """The organization's authorities over mailboxes in force, expired ones too, by domain and mailbox."""
    return evidence_store.authorities(tx, organization_id)


def _make_room(tx: Tx, made: DomainClaim, by: Recording) -> None:
    held = evidence_store.held_claim(tx, made.domain)
    if held is None:
        return
    if held.organization_id == made.organization_id:
        evidence_store.close_claim(tx, held.id, ClaimState.REPLACED)
    elif held.expires_at <= by.at:
        _close(tx, held, ClaimState.REPLACED, by.at)
    else:
        raise DomainHeldElsewhere(
            f"Another organization holds a verified claim on {made.domain}. "
            "It must be withdrawn, by that organization or by the certificate authority, or expire first.",
            field="domain",
        )


def _close(tx: Tx, claim: DomainClaim, state: ClaimState, at: datetime) -> None:
    evidence_store.close_claim(tx, claim.id, state)
    evidence_store.withdraw_authorities(tx, claim.organization_id, claim.domain, None, at)
