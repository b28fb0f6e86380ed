"""Found: make a root and an issuing CA and enter both in the register, once in the life of an authority."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from directca.certificates import addresses, authorities
from directca.certificates.model import AuthorityEntry
from directca.db.engine import Database
from directca.errors import Conflict
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki import distinguished_names
from directca.pki.certificate_view import read_issuer
from directca.pki.profiles import Policy
from directca.pki.templates import Addresses, Subject, new_serial
from directca.signing.authority import Authority
from directca.signing.ceremony import AuthorityPlan, make_issuing, make_root
from directca.signing.port import SigningKey

ROOT, ISSUING = "root", "issuing"
"""The ids of the two authorities, which are also their roles."""


class AlreadyFounded(Conflict):
    """The authority exists already; founding it again would orphan every certificate it has issued."""

    slug = "already_founded"


@dataclass(frozen=True)
class FoundingPlan:
    """What is decided before: names, lifetimes in years, where the root's CRL and certificate will be found, when and by whom."""

    root: Subject
    issuing: Subject
    root_years: int
    issuing_years: int
    root_addresses: Addresses
    at: datetime
    actor: str


@dataclass(frozen=True)
class Keys:
    """The two keys behind the signer's port, and where each is kept."""

    root: SigningKey
    issuing: SigningKey
    root_reference: str
    issuing_reference: str


def found(database: Database, plan: FoundingPlan, keys: Keys, policy: Policy, random: Callable[[int], bytes]) -> None:
    """Make both CA certificates, through the same encode, lint and sign as every other, and register them in one commit.

    Raises AlreadyFounded, LintFailed.
    """
    with database.read() as tx:
        if authorities.known(tx):
            raise AlreadyFounded("This authority exists already. Use another data folder for a new one.")
    with database.write() as tx:
        # Before the keys sign anything, the journal says what they are about to sign (invariant 8).
        detail: dict[str, Fact] = {"root": plan.root.common_name, "issuing": plan.issuing.common_name, "policy": policy.version}
        append(tx, Event("authority.intended", plan.actor, "authority:*", detail=detail), at=plan.at)
    root_der = make_root(AuthorityPlan(plan.root, new_serial(random), plan.at, plan.root_years), keys.root, policy, _no_guard)
    root = Authority(read_issuer(root_der), keys.root, policy, _no_guard)
    issuing_plan = AuthorityPlan(plan.issuing, new_serial(random), plan.at, plan.issuing_years)
    issuing_der = make_issuing(issuing_plan, keys.issuing, root, plan.root_addresses)
    with database.write() as tx:
        entries = (
            _entry(ROOT, None, root_der, keys.root_reference, plan.at),
            _entry(ISSUING, ROOT, issuing_der, keys.issuing_reference, plan.at),
        )
        for entry in entries:
            authorities.add(tx, entry)
            detail = {"subject": entry.subject_dn, "not_after": entry.not_after.isoformat(), "policy": policy.version}
            append(tx, Event("authority.founded", plan.actor, f"authority:{entry.id}", detail=detail), at=plan.at)
        addresses.note(tx, addresses.named_by(plan.root_addresses, ROOT), plan.at)


def _entry(name: str, parent: str | None, der: bytes, key_reference: str, at: datetime) -> AuthorityEntry:
    return AuthorityEntry(
        id=name,
        role=name,
        parent_id=parent,
        subject_dn=distinguished_names.of_certificate(der),
        certificate_der=der,
        key_reference=key_reference,
        not_after=read_issuer(der).not_after,
        created_at=at,
    )


def _no_guard() -> None:
    """Nothing can have been stopped before there is an authority."""
