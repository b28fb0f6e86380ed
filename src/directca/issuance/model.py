"""What is asked of the issuing verbs, what they decide on the way, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from directca.certificates.model import Record, Usage
from directca.direct.names import DirectName, Kind
from directca.direct.oids import OrganizationType
from directca.pki.keys import RsaKey
from directca.pki.templates import Template


class Verb(StrEnum):
    """The three ways to a new pair."""

    ISSUE = "issue"
    REISSUE = "reissue"
    RENEW = "renew"


@dataclass(frozen=True)
class SubjectHints:
    """What a request says about its subject. Certificates are built from vetted records; hints must agree with those."""

    common_name: str | None = None
    organization: str | None = None
    organizational_unit: str | None = None


@dataclass(frozen=True)
class Application:
    """A request for a pair of certificates, as it reached the edge: CSRs still encoded, absent parameters None."""

    signing_csr: str | None = None
    encryption_csr: str | None = None
    duration_years: int | None = None
    hints: SubjectHints = field(default_factory=SubjectHints)
    organization_type: OrganizationType | None = None
    revoke_immediately: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True)
class KeyPair:
    """The keys of the two certificates."""

    signing: RsaKey
    encryption: RsaKey


class OrderState(StrEnum):
    """Where an order's money is: set aside, taken, or given back."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    RELEASED = "released"


@dataclass(frozen=True)
class Order:
    """One purchase, or one free reissue. It pins the policy it is decided under (invariant 4)."""

    id: str
    account_id: str
    verb: Verb
    identifier: str
    kind: Kind
    duration_years: int
    amount: int
    currency: str
    state: OrderState
    record_id: str
    policy_version: str
    policy_sha256: str
    idempotency_key: str | None
    request_digest: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Decision:
    """What is going to be certified: everything about the pair but its signatures.

    `gives_way` is the ended record whose name a first issue takes; `old_revoke_at` when a reissue's predecessor is revoked.
    """

    name: DirectName
    intent: Record
    order: Order
    keys: KeyPair
    templates: Mapping[Usage, Template]
    old_revoke_at: datetime | None = None
    gives_way: Record | None = None


@dataclass(frozen=True)
class Rehearsal:
    """What a dry run found: nothing was signed, stored or charged."""

    identifier: str
    kind: Kind
    subject_dn: str
    issuer_dn: str
    organization_type: str
    not_before: datetime
    not_after: datetime
    duration_years: int
    amount: int
    currency: str
    available: int
