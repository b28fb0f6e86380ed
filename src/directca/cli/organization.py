"""`directca organization`: what the authority has established about the organizations it certifies."""

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from directca.cli import present
from directca.cli.commands import Common, Reason, command, group
from directca.cli.context import Desk, opened, opened_with_keys
from directca.cli.ending import end_organization
from directca.cli.proposal import proposed
from directca.cli.words import moment
from directca.clock import rfc3339
from directca.direct.oids import OrganizationType
from directca.signing.sealed_texts import SealedTexts
from directca.vetting import evidence, organizations, report
from directca.vetting.evidence import Recording
from directca.vetting.model import Organization, OrganizationFacts, Proofing, ProofingFacts, ProofingMethod
from directca.vetting.proposal_model import Proposal
from directca.vetting.report import Precondition

app = group("organization", "Organizations: register, proof, approve, suspend, end.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOptions(Common):
    """Options of `organization register`."""

    account: Annotated[str, typer.Argument(help="The account that the organization belongs to.")]
    name: Annotated[str, typer.Argument(help="Its legal name, as certificates will carry it.")]
    state: Annotated[str, typer.Option(help="State or province, spelled out.")]
    locality: Annotated[str, typer.Option(help="City or town.")]
    organization_type: Annotated[
        list[OrganizationType],
        typer.Option("--type", help="A category it has attested to, the usual one first; may be given again."),
    ]
    country: Annotated[str, typer.Option(help="ISO 3166-1 code.")] = "US"
    unit: Annotated[list[str] | None, typer.Option(help="An organizational unit; may be given again.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(Common):
    """Options of `organization list`."""

    account: Annotated[str | None, typer.Option(help="Only the organizations of this account.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOrganization(Common):
    """Options of the commands about one organization."""

    organization: Annotated[str, typer.Argument(help="The organization's identifier.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonOptions(OneOrganization):
    """Options of `organization suspend`."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOptions(ReasonOptions):
    """Options of `organization end`."""

    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before revoking its certificates.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOptions(OneOrganization):
    """Options of `organization proof`."""

    representative: Annotated[str, typer.Option(help="Whose identity was proofed.")]
    verifier: Annotated[str, typer.Option(help="Who verified it.")]
    method: Annotated[ProofingMethod, typer.Option(help="How.")]
    evidence_type: Annotated[str, typer.Option(help="By which document, such as passport.")]
    evidence_number: Annotated[str, typer.Option(help="The document's number; - reads it from standard input.")]
    on: Annotated[str | None, typer.Option(help="The day it took place, such as 2026-11-24. Default: now.")] = None
    declared_by_representative: Annotated[
        bool, typer.Option("--declared-by-representative", help="The representative made their declaration.")
    ] = False
    declared_by_verifier: Annotated[bool, typer.Option("--declared-by-verifier", help="The verifier made theirs.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawProofOptions(OneOrganization):
    """Options of `organization withdraw-proof` and `organization evidence-number`."""

    proofing: Annotated[str, typer.Argument(help="The proofing's identifier, from `organization show`.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementOptions(OneOrganization):
    """Options of `organization agreement`."""

    by: Annotated[str, typer.Option(help="Who accepted it for the organization.")]
    version: Annotated[str, typer.Option(help="Which version; it must be the current one.")]


def register(options: RegisterOptions) -> None:
    """Put an organization on file, as a draft. Certificates are built from what is given here."""
    facts = OrganizationFacts(
        legal_name=options.name,
        country=options.country,
        state=options.state,
        locality=options.locality,
        organizational_units=tuple(options.unit or ()),
        organization_types=tuple(options.organization_type),
    )
    with opened(options.data) as desk, desk.database.write() as tx:
        made = organizations.register(tx, options.account, facts, actor=desk.actor, at=desk.clock.now(), random=desk.random)
    present.emit(_organization(made), as_json=options.as_json, human=f"Registered {made.facts.legal_name}: {made.id} (draft)")


def list_organizations(options: ListOptions) -> None:
    """List the organizations, oldest first."""
    with opened(options.data) as desk, desk.database.read() as tx:
        found = organizations.every(tx) if options.account is None else organizations.of_account(tx, options.account)
    table = present.listing(
        ("organization", "name", "status", "types", "account"),
        [(one.id, one.facts.legal_name, one.status, one.facts.organization_types, one.account_id) for one in found],
        empty="There is no organization yet. Register one: directca organization register ACCOUNT NAME …",
    )
    present.emit([_organization(one) for one in found], as_json=options.as_json, human=table)


def show(options: OneOrganization) -> None:
    """Show what is on file about an organization, what is missing, and who must act."""
    with opened(options.data) as desk, desk.database.read() as tx:
        found = organizations.find(tx, options.organization)
        preconditions = report.of_organization(tx, found, desk.rules, desk.clock.now())
        proofings = evidence.proofings(tx, found.id)
    data = _organization(found)
    data["preconditions"] = [_precondition(one) for one in preconditions]
    data["proofings"] = [_proofing(one) for one in proofings]
    present.emit(data, as_json=options.as_json, human=present.facts({key: data[key] for key in _organization(found)}))
    if options.as_json:
        return
    present.space()
    rows = [(one.kind, one.about, one.state, _when(one), one.missing, one.who_must_act) for one in preconditions]
    columns = ("precondition", "about", "state", "until", "missing", "who must act")
    present.emit(None, as_json=False, human=present.listing(columns, rows, empty=""))
    if proofings:
        present.space()
        heads = ("proofing", "representative", "evidence", "number", "verifier", "on", "status")
        present.emit(None, as_json=False, human=present.listing(heads, [_proofing_row(one) for one in proofings], empty=""))


def approve(options: OneOrganization) -> None:
    """Attest that an organization is what its record says. Also lifts a suspension."""
    with opened(options.data) as desk, desk.database.write() as tx:
        at, due = _now_and_next_review(desk)
        _say(options, organizations.approve(tx, options.organization, actor=desk.actor, at=at, review_due_at=due))


def review(options: OneOrganization) -> None:
    """Attest that everything about an approved organization still is as it was, until its next review."""
    with opened(options.data) as desk, desk.database.write() as tx:
        at, due = _now_and_next_review(desk)
        _say(options, organizations.review(tx, options.organization, actor=desk.actor, at=at, review_due_at=due))


def evidence_number(options: WithdrawProofOptions) -> None:
    """Show the number of the document that an identity was proofed by. The journal says who asked."""
    with opened(options.data) as desk:
        at = desk.clock.now()
        with desk.database.write() as tx:
            sealed = evidence.sealed_number(tx, options.organization, options.proofing, actor=desk.actor, at=at)
        number = SealedTexts(desk.settings.passphrase()).open(sealed, options.proofing)
    present.emit({"proofing": options.proofing, "evidence_number": number}, as_json=options.as_json, human=number)


def suspend(options: ReasonOptions) -> None:
    """Issue nothing more to an organization for now. Its certificates stay valid."""
    with opened(options.data) as desk, desk.database.write() as tx:
        moved = organizations.suspend(tx, options.organization, actor=desk.actor, reason=options.reason, at=desk.clock.now())
        _say(options, moved)


def end(options: EndOptions) -> None:
    """Close an organization for good and revoke all its certificates. It cannot be undone."""
    with opened_with_keys(options.data) as authority:
        outcome = end_organization(authority, options.organization, options.reason, ask=None if options.yes else _confirmed)
    if isinstance(outcome, Proposal):
        proposed(options, outcome)
        return
    data = _organization(outcome.organization) | {"revoked": list(outcome.revoked)}
    human = f"{outcome.organization.facts.legal_name} is ended. Names revoked: {len(outcome.revoked)}"
    present.emit(data, as_json=options.as_json, human=human)


def proof(options: ProofOptions) -> None:
    """Record that a representative's identity was proofed."""
    with opened(options.data) as desk:
        by = recording(desk)
        number = sys.stdin.readline().strip() if options.evidence_number == "-" else options.evidence_number
        facts = ProofingFacts(
            representative=options.representative,
            method=options.method,
            evidence_type=options.evidence_type,
            evidence_number=number,
            verifier=options.verifier,
            proofed_at=by.at if options.on is None else moment(options.on, field="on"),
            declared_by_representative=options.declared_by_representative,
            declared_by_verifier=options.declared_by_verifier,
        )
        with desk.database.write() as tx:
            made = evidence.record_proofing(tx, options.organization, facts, by)
    present.emit(
        _proofing(made), as_json=options.as_json, human=f"Recorded the proofing of {made.facts.representative}: {made.id}"
    )


def withdraw_proof(options: WithdrawProofOptions) -> None:
    """Rely on a proofing no longer."""
    with opened(options.data) as desk, desk.database.write() as tx:
        evidence.withdraw_proofing(tx, options.organization, options.proofing, recording(desk))
    present.emit({"proofing": options.proofing}, as_json=options.as_json, human=f"The proofing {options.proofing} is withdrawn.")


def agreement(options: AgreementOptions) -> None:
    """Record that an organization accepted the subscriber agreement."""
    with opened(options.data) as desk, desk.database.write() as tx:
        made = evidence.accept_agreement(tx, options.organization, options.version, options.by, recording(desk))
    data = {"version": made.version, "accepted_by": made.accepted_by, "accepted_ts": rfc3339(made.accepted_at)}
    present.emit(data, as_json=options.as_json, human=f"Version {made.version} was accepted by {made.accepted_by}.")


def recording(desk: Desk) -> Recording:
    """Who records evidence, when, under which rules."""
    return Recording(desk.actor, desk.clock.now(), desk.rules, desk.random, desk.registration.seal)


command(app, "register", RegisterOptions, register)
command(app, "list", ListOptions, list_organizations)
command(app, "show", OneOrganization, show)
command(app, "proof", ProofOptions, proof)
command(app, "withdraw-proof", WithdrawProofOptions, withdraw_proof)
command(app, "agreement", AgreementOptions, agreement)
command(app, "approve", OneOrganization, approve)
command(app, "review", OneOrganization, review)
command(app, "evidence-number", WithdrawProofOptions, evidence_number)
command(app, "suspend", ReasonOptions, suspend)
command(app, "end", EndOptions, end)


def _now_and_next_review(desk: Desk) -> tuple[datetime, datetime]:
    at = desk.clock.now()
    return at, at + timedelta(days=desk.settings.approvals.review_days)


def _confirmed(organization: Organization, names: tuple[str, ...]) -> bool:
    return typer.confirm(
        f"End {organization.facts.legal_name} and revoke the certificates of {len(names)} names? This cannot be undone.", err=True
    )


def _say(options: Common, organization: Organization) -> None:
    human = f"{organization.facts.legal_name} is {organization.status}."
    present.emit(_organization(organization), as_json=options.as_json, human=human)


def _organization(organization: Organization) -> dict[str, Any]:
    facts = organization.facts
    return {
        "id": organization.id,
        "account_id": organization.account_id,
        "legal_name": facts.legal_name,
        "country": facts.country,
        "state": facts.state,
        "locality": facts.locality,
        "organizational_units": list(facts.organizational_units),
        "organization_types": [one.value for one in facts.organization_types],
        "status": organization.status.value,
        "approved_ts": None if organization.approved_at is None else rfc3339(organization.approved_at),
        "approved_by": organization.approved_by,
        "review_due_ts": None if organization.review_due_at is None else rfc3339(organization.review_due_at),
    }


def _proofing(proofing: Proofing) -> dict[str, Any]:
    facts = proofing.facts
    return {
        "id": proofing.id,
        "representative": facts.representative,
        "method": facts.method.value,
        "evidence_type": facts.evidence_type,
        "evidence_number": facts.masked_evidence_number,
        "verifier": facts.verifier,
        "proofed_ts": rfc3339(facts.proofed_at),
        "status": proofing.status.value,
    }


def _proofing_row(proofing: Proofing) -> tuple[object, ...]:
    row = _proofing(proofing)
    names = ("id", "representative", "evidence_type", "evidence_number", "verifier", "proofed_ts", "status")
    return tuple(row[name] for name in names)


def _precondition(one: Precondition) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "about": one.about,
        "state": one.state.value,
        "expires_ts": _when(one),
        "missing": one.missing,
        "who_must_act": one.who_must_act,
    }


def _when(one: Precondition) -> str | None:
    return None if one.expires_at is None else rfc3339(one.expires_at)
