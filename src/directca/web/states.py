"""The state of a thing as every page shows it: a word for people, and the shape and colour that go with it.

By what the thing is, since two kinds of things may have states of one name. `parts.state` draws it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from directca.accounts.joining_model import InvitationState
from directca.accounts.person import PersonStatus
from directca.accounts.top_up_model import TopUpState
from directca.certificates.model import Status
from directca.issuance.model import OrderState
from directca.notices.webhook_model import DeliveryState, WebhookState
from directca.oauth.model import ClientStatus
from directca.revocation.bulk_model import JobState
from directca.vetting.address_model import UploadState
from directca.vetting.case_model import CaseState, PersonState
from directca.vetting.domain_model import DomainStanding
from directca.vetting.model import OrganizationStatus
from directca.vetting.proposal_model import ProposalState
from directca.vetting.report import Standing


class State(NamedTuple):
    """`tone` is the class of the pill (`directca.css`)."""

    tone: str
    word: str


STATES: Mapping[str, Mapping[str, State]] = {
    "address": {"active": State("active", "active"), "over": State("expired", "over")},
    "application": {
        ClientStatus.ACTIVE: State("active", "active"),
        ClientStatus.DISABLED: State("suspended", "stopped"),
    },
    "case": {
        CaseState.DRAFT: State("superseded", "draft"),
        CaseState.SUBMITTED: State("waiting", "submitted"),
        CaseState.REJECTED: State("bad", "rejected"),
        CaseState.APPEALED: State("waiting", "appealed"),
        CaseState.APPROVED: State("good", "approved"),
        CaseState.REFUSED: State("bad", "refused for good"),
        CaseState.WITHDRAWN: State("expired", "withdrawn"),
    },
    "delivery": {
        DeliveryState.WAITING: State("waiting", "waiting"),
        DeliveryState.DELIVERED: State("good", "delivered"),
        DeliveryState.FAILED: State("bad", "given up"),
    },
    "domain": {
        DomainStanding.PENDING: State("waiting", "not shown yet"),
        DomainStanding.VERIFIED: State("good", "verified"),
        DomainStanding.EXPIRING: State("warn", "ends soon"),
        DomainStanding.EXPIRED: State("expired", "expired"),
        DomainStanding.FAILED: State("bad", "not shown in time"),
        DomainStanding.REPLACED: State("superseded", "replaced"),
        DomainStanding.WITHDRAWN: State("expired", "withdrawn"),
    },
    "file": {
        UploadState.CHECKING: State("waiting", "being checked"),
        UploadState.REFUSED: State("bad", "refused"),
        UploadState.APPLIED: State("good", "applied"),
    },
    "invitation": {
        InvitationState.WAITING: State("waiting", "waiting"),
        InvitationState.ACCEPTED: State("good", "accepted"),
        InvitationState.WITHDRAWN: State("expired", "withdrawn"),
        InvitationState.REPLACED: State("superseded", "replaced"),
        InvitationState.LAPSED: State("expired", "without effect"),
        "over": State("expired", "over"),
    },
    "order": {
        OrderState.AUTHORIZED: State("waiting", "set aside"),
        OrderState.CAPTURED: State("good", "charged"),
        OrderState.RELEASED: State("expired", "not charged"),
        "refunded": State("superseded", "refunded"),
    },
    "organization": {
        OrganizationStatus.DRAFT: State("superseded", "not approved yet"),
        OrganizationStatus.APPROVED: State("good", "approved"),
        OrganizationStatus.SUSPENDED: State("suspended", "suspended"),
        OrganizationStatus.ENDED: State("expired", "ended"),
    },
    "organization's person": {
        PersonState.PROPOSED: State("waiting", "proposed"),
        PersonState.ACTIVE: State("active", "active"),
        PersonState.ENDED: State("expired", "ended"),
    },
    "pair": {
        Status.ISSUED: State("issued", "issued"),
        Status.HELD: State("held", "held"),
        Status.REVOKED: State("revoked", "revoked"),
        Status.EXPIRED: State("expired", "expired"),
        Status.SUPERSEDED: State("superseded", "superseded"),
    },
    "payment": {
        TopUpState.WAITING: State("waiting", "waiting"),
        TopUpState.RECEIVED: State("good", "received"),
        TopUpState.WITHDRAWN: State("expired", "withdrawn"),
        TopUpState.DECLINED: State("bad", "declined"),
    },
    "person": {
        PersonStatus.ACTIVE: State("active", "active"),
        PersonStatus.SUSPENDED: State("suspended", "suspended"),
    },
    "precondition": {
        Standing.MET: State("good", "met"),
        Standing.MISSING: State("bad", "missing"),
        Standing.EXPIRED: State("expired", "expired"),
    },
    "proposal": {
        ProposalState.OPEN: State("waiting", "waiting"),
        ProposalState.CONFIRMED: State("waiting", "confirmed"),
        ProposalState.DONE: State("good", "done"),
        ProposalState.FAILED: State("bad", "failed"),
        ProposalState.REFUSED: State("bad", "refused"),
        ProposalState.WITHDRAWN: State("expired", "withdrawn"),
        ProposalState.EXPIRED: State("expired", "not decided in time"),
    },
    "revocation": {
        JobState.RUNNING: State("waiting", "under way"),
        JobState.PAUSED: State("held", "paused"),
        JobState.FINISHED: State("good", "finished"),
        JobState.CANCELLED: State("expired", "cancelled"),
    },
    "waiting issue": {
        ProposalState.OPEN: State("waiting", "waits"),
        ProposalState.CONFIRMED: State("good", "approved"),
        ProposalState.REFUSED: State("bad", "refused"),
        ProposalState.EXPIRED: State("expired", "not decided in time"),
    },
    "webhook": {
        WebhookState.PENDING: State("waiting", "not verified yet"),
        WebhookState.ACTIVE: State("active", "active"),
        WebhookState.DISABLED: State("suspended", "switched off"),
    },
}
