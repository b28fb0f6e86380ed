"""Certificate records: what they hold and how they live.

A record is the pair of certificates of one order, one for signing and one for encryption. The pair is atomic: state belongs to
the record, so that no certificate can be revoked, held or released without the other (invariant 18).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from directca.direct.names import Kind
from directca.pki.reasons import RevocationReason


class State(StrEnum):
    """Where a record stands, as stored. What follows from the clock or from a successor is never stored."""

    INTENDED = "intended"
    ISSUED = "issued"
    HELD = "held"
    REVOKED = "revoked"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    # An intent that a crash left is settled as revoked: the CA key may have signed it (invariant 6).
    State.INTENDED: frozenset({State.ISSUED, State.REVOKED}),
    State.ISSUED: frozenset({State.HELD, State.REVOKED}),
    State.HELD: frozenset({State.ISSUED, State.REVOKED}),
    # Revocation only moves forward; a raised reason is no transition.
    State.REVOKED: frozenset(),
}


class Status(StrEnum):
    """How a record is shown: its state, with what the clock and a successor add."""

    ISSUED = "issued"
    HELD = "held"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Usage(StrEnum):
    """Which certificate of the pair."""

    SIGNING = "signing"
    ENCRYPTION = "encryption"


@dataclass(frozen=True)
class Record:
    """One order's pair of certificates. Serials are lower-case hex without leading zeros.

    `position` is the record's place in the register, in the order of commit; an intent has none yet. `current` marks the record
    that its identifier stands for; at most one exists. `revoke_at` is when a superseded pair is to be revoked.
    """

    id: str
    account_id: str
    organization_id: str
    identifier: str
    kind: Kind
    organization: str
    organization_type: str
    subject_dn: str
    issuer_dn: str
    authority_id: str
    state: State
    not_before: datetime
    not_after: datetime
    duration_years: int
    order_id: str
    signing_serial: str
    encryption_serial: str
    created_at: datetime
    updated_at: datetime
    position: int | None = None
    current: bool = False
    supersedes: str | None = None
    superseded_by: str | None = None
    revoke_at: datetime | None = None
    revocation_reason: RevocationReason | None = None
    revoked_at: datetime | None = None
    settled: bool = False
    invalidity_date: datetime | None = None

    def valid_at(self, moment: datetime) -> bool:
        """Whether the pair has not passed its notAfter, which is inclusive (RFC 5280 4.1.2.5)."""
        return moment <= self.not_after


@dataclass(frozen=True)
class Certificate:
    """One certificate of a pair. `der` is None as long as it is only intended; `tbs` is kept until then.

    `crl_partition` is the list that its cRLDistributionPoints names, empty for the full list.
    """

    authority_id: str
    serial: str
    record_id: str
    usage: Usage
    modulus_sha256: str
    tbs_sha256: str
    tbs: bytes | None
    der: bytes | None
    crl_partition: str = ""


@dataclass(frozen=True)
class Pair:
    """A record with its two certificates."""

    record: Record
    signing: Certificate
    encryption: Certificate


@dataclass(frozen=True)
class AuthorityEntry:
    """A certification authority as the register knows it: its certificate and where its key is kept."""

    id: str
    role: str
    parent_id: str | None
    subject_dn: str
    certificate_der: bytes
    key_reference: str
    not_after: datetime
    created_at: datetime


def status(record: Record, now: datetime) -> Status:
    """How a record is shown at a moment. What the authority did goes before what time did, time before succession."""
    if record.state is State.REVOKED:
        return Status.REVOKED
    if not record.valid_at(now):
        return Status.EXPIRED
    if record.state is State.HELD:
        return Status.HELD
    if record.superseded_by is not None:
        return Status.SUPERSEDED
    return Status.ISSUED


def may_become(state: State, target: State) -> bool:
    """Whether the lifecycle has an arrow from one state to the other."""
    return target in TRANSITIONS[state]
