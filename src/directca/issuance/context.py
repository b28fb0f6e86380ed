"""What every issuing verb is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_bytes

from directca.accounts.prices import PriceList
from directca.accounts.quota_config import QuotaConfig
from directca.clock import Clock
from directca.db.engine import Database, Tx
from directca.issuance.distribution import Distribution
from directca.pki.keys import BlockedKeys
from directca.pki.profiles import Policy
from directca.signing.authority import Authority
from directca.vetting.context import Registration
from directca.vetting.known_facts import KnownFacts


@dataclass(frozen=True)
class IssuanceConfig:
    """`assurance` is the identifier of the level of assurance that certificates assert. Intents older than `abandoned_after`
    count as left by a crash."""

    assurance: str
    abandoned_after: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class Issuance:
    """The database, the time, the policy, the issuing authority, what its certificates name, prices, keys that nobody may have
    certified (`blocked_keys`; `own_keys` are the digests of the authorities' moduli), a source of unpredictable bytes, and the
    quotas of accounts of which nothing else was said.

    `status_asked` asks, with what is asked besides, whether what certificates name as their CRL is published and fresh; what it
    returns raises unless it is (invariants 13 and 16). `known_facts` is what vetting has read before; `have_certificates` are
    organizations that were seen to have a certificate, by their ids.
    """

    database: Database
    clock: Clock
    policy: Policy
    authority: Authority
    authority_id: str
    issuer_dn: str
    distribution: Distribution
    prices: PriceList
    blocked_keys: BlockedKeys
    own_keys: frozenset[str]
    status_asked: Callable[[Tx], Callable[[], None]]
    config: IssuanceConfig
    random: Callable[[int], bytes] = token_bytes
    quotas: QuotaConfig = field(default_factory=QuotaConfig)
    registration: Registration | None = None
    """Whose settings say which issues wait for an officer; None where nothing waits."""
    known_facts: KnownFacts = field(default_factory=KnownFacts, compare=False)
    have_certificates: set[str] = field(default_factory=set, compare=False)
