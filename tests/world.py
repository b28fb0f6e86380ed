"""A whole authority in memory-like speed: a clinic with everything on file, money, keys, and a clock that tests turn.

world.issue("alice@direct.clinic.example")
world.clock.advance(days=400)
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from directca.accounts import ledger, prices
from directca.accounts.model import Balance
from directca.certificates import authorities, register, switch
from directca.certificates.model import AuthorityEntry, Pair
from directca.db.engine import Database
from directca.direct import names
from directca.direct.oids import Assurance
from directca.issuance.context import Issuance, IssuanceConfig
from directca.issuance.distribution import Distribution
from directca.issuance.issue import issue
from directca.issuance.model import Application, Rehearsal
from directca.issuance.reissue import reissue
from directca.issuance.renew import renew
from directca.journal import read
from directca.journal.verify import verify
from directca.oauth.model import Principal
from directca.pki import distinguished_names, keys
from directca.pki.reasons import RevocationReason
from directca.revocation.context import Revocation
from directca.revocation.freshness import FreshLists
from directca.revocation.model import ListId, Requester
from directca.revocation.revoke import revoke
from directca.signing.authority import Authority
from tests import authority as ca
from tests import clinic
from tests.clocks import MovableClock
from tests.material import csr, rsa_key

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ALICE = clinic.ALICE
DOMAIN = clinic.DOMAIN
PLENTY = 10_000_00


@cache
def fresh_key(number: int) -> rsa.RSAPrivateKey:
    """A subscriber's key by number, made once for the process."""
    return rsa_key(100 + number)


@dataclass
class World:
    """The verbs of one authority for one account, `account_id`, whose principal has the full scope."""

    database: Database
    clock: MovableClock
    issuance: Issuance
    revocation: Revocation
    account_id: str
    organization_id: str
    _next_key: int = field(default=0)

    @property
    def principal(self) -> Principal:
        return Principal(self.account_id, "person-1", "client-1", ("tuser.account",), "grant-1")

    def keys(self, first: int) -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
        return fresh_key(first), fresh_key(first + 1)

    def application(self, name: str | None = ALICE, years: int | None = 1, key: int = 0, **more: Any) -> Application:
        sent = {}
        if name is not None:
            signing, encryption = self.keys(key)
            sent = {"signing_csr": csr(name, signing), "encryption_csr": csr(name, encryption)}
        return Application(**{**sent, "duration_years": years, **more})

    def issue(self, name: str = ALICE, *, key: int = 0, years: int | None = 1, **more: Any) -> Pair:
        return made(issue(self.issuance, self.principal, self.application(name, years, key, **more)))

    def dry_run(self, name: str = ALICE, *, key: int = 0) -> Rehearsal:
        found = issue(self.issuance, self.principal, self.application(name, 1, key), dry_run=True)
        assert isinstance(found, Rehearsal)
        return found

    def renew(self, name: str = ALICE, *, years: int | None = 1, key: int | None = None, **more: Any) -> Pair:
        asked = self.application(None if key is None else name, years, key or 0, **more)
        return made(renew(self.issuance, self.principal, names.parse(name), asked))

    def reissue(self, name: str = ALICE, *, key: int | None = None, years: int | None = None, **more: Any) -> Pair:
        asked = self.application(None if key is None else name, years, key or 0, **more)
        return made(reissue(self.issuance, self.principal, names.parse(name), asked))

    def revoke(self, reason: RevocationReason, name: str = ALICE) -> Pair:
        return revoke(self.revocation, Requester("person:1", self.account_id), names.parse(name), reason)

    def verify_domain(self) -> None:
        """Show control of the clinic's domain once more."""
        with self.database.write() as tx:
            record = clinic.recording(self.clock.now())
            method, shown = clinic.DomainMethod.DNS_TXT, "DirectCA-Verification=again"
            clinic.evidence.verify_domain(tx, self.organization_id, DOMAIN, method, shown, record)

    def proof(self) -> None:
        """Proof the identity of a representative once more."""
        with self.database.write() as tx:
            facts, record = clinic.proofing_facts(self.clock.now()), clinic.recording(self.clock.now())
            clinic.evidence.record_proofing(tx, self.organization_id, facts, record)

    def history(self, name: str = ALICE) -> list[Pair]:
        with self.database.read() as tx:
            return [register.pair_of(tx, one) for one in register.history(tx, name).of_account(self.account_id)]

    def balance(self) -> Balance:
        with self.database.read() as tx:
            return ledger.balance(tx, self.account_id)

    def journal_kinds(self) -> list[str]:
        with self.database.read() as tx:
            return [row.event.kind for row in read.latest(tx, limit=1000)]

    def check_books(self) -> None:
        """The journal is whole and the ledger balances."""
        with self.database.read() as tx:
            assert verify(tx).problems == ()
            assert ledger.trial_balance(tx).problems == ()


def made(answer: Pair | Rehearsal) -> Pair:
    assert isinstance(answer, Pair)
    return answer


def a_world(database: Database, **more: Any) -> World:
    """The authority of `tests/authority.py` on this database, with a clinic that may have everything."""
    clock = MovableClock()
    guard = switch.Guard(database)
    policy = ca.policy()
    issuing, root = (Authority(one.issuer, one._signs._key, policy, guard) for one in (ca.issuing_ca(), ca.root()))
    with database.write() as tx:
        for entry in (_entry("root", root, None), _entry("issuing", issuing, "root")):
            authorities.add(tx, entry)
        made_clinic = clinic.a_clinic(tx, proofed_at=START - timedelta(hours=1))
        ledger.deposit(tx, made_clinic.account_id, PLENTY, reference="wire 1", actor="operator:ann", at=START)
    issuance = Issuance(
        database=database,
        clock=clock,
        policy=policy,
        authority=issuing,
        authority_id="issuing",
        issuer_dn=distinguished_names.of_certificate(issuing.issuer.certificate_der or b""),
        distribution=Distribution("issuing", ca.ADDRESSES, ca.BASE, more.get("partitions", 1)),
        prices=prices.DEFAULT,
        blocked_keys=keys.blocked_keys(),
        own_keys=frozenset(keys.read_spki(one.issuer.spki_der).modulus_sha256 for one in (issuing, root)),
        status_asked=lambda tx: (
            FreshLists({ListId("issuing"): None}).asked(tx, clock.now()) if more.get("strict") else lambda: None
        ),
        config=IssuanceConfig(Assurance.LOA3.value),
        random=more.get("random", secrets.token_bytes),
    )
    revocation = Revocation(database, clock, policy, {"root": root, "issuing": issuing}, ca.BASE)
    return World(database, clock, issuance, revocation, made_clinic.account_id, made_clinic.organization_id)


def _entry(name: str, authority: Authority, parent: str | None) -> AuthorityEntry:
    der = authority.issuer.certificate_der
    assert der is not None
    subject = distinguished_names.of_certificate(der)
    return AuthorityEntry(name, name, parent, subject, der, f"{name}.pem", authority.issuer.not_after, START)
