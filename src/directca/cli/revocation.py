"""`directca revoke`: revoke one name, or many certificates at once, in an emergency or at an end."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from directca.api import revocation_views
from directca.certificates import register
from directca.certificates.errors import UnknownCertificate
from directca.cli import present
from directca.cli.bulk_work import through
from directca.cli.commands import Common, Reason, command, group
from directca.cli.context import opened_to_order, opened_to_revoke, operator
from directca.cli.errors import NotConfirmed
from directca.cli.proposal import proposed
from directca.cli.selecting import Selecting, selected
from directca.cli.words import moment
from directca.clock import whole_second
from directca.direct import names
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, ordering
from directca.revocation.bulk_model import Job, Plan, Wanted
from directca.revocation.model import Requester, the_authority
from directca.revocation.ordering import Because
from directca.vetting import actors
from directca.vetting.proposal_model import Proposal

app = group("revoke", "Revoke one name, or many certificates at once.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions(Selecting):
    """Options of `revoke plan`."""

    reason: Annotated[RevocationReason, typer.Option(help="Why, as relying parties are told.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(PlanOptions):
    """Options of `revoke run`."""

    reason_text: Reason
    invalid_since: Annotated[str, typer.Option(metavar="DATE", help="Since when the keys are suspect, if that is known.")] = ""
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before they are revoked.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NameOptions(Common):
    """Options of `revoke name`."""

    name: Annotated[str, typer.Argument(help="The Direct address or domain.")]
    reason: Annotated[RevocationReason, typer.Option(help="Why, as relying parties are told.")]
    reason_text: Reason
    invalid_since: Annotated[str, typer.Option(metavar="DATE", help="Since when the keys are suspect, if that is known.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneJob(Common):
    """Options of the commands about one revocation in bulk."""

    job: Annotated[str, typer.Argument(help="Its identifier, from `directca revoke list`.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOptions(OneJob):
    """Options of `revoke cancel`."""

    reason_text: Reason


def plan(options: PlanOptions) -> None:
    """Show how many certificates are meant, and what would become of them. Nothing is changed."""
    wanted = Wanted(selected(options), options.reason)
    with opened_to_revoke(options.data) as ca:
        found = bulk.plan(ca, _requester(), wanted)
        now = ca.clock.now()
    present.emit(revocation_views.planned(found, now), as_json=options.as_json, human=present.facts(_shown_plan(found)))
    if not options.as_json and found.sample:
        present.space()
        rows = [(one.identifier, one.status_at(now), one.signing_serial, one.encryption_serial) for one in found.sample]
        columns = ("some of them", "status", "signing serial", "encryption serial")
        present.emit(None, as_json=False, human=present.listing(columns, rows, empty=""))


def run(options: RunOptions) -> None:
    """Revoke, hold or release them all. Give it again, or `revoke resume`, after an interruption: it goes on where it was."""
    since = None if not options.invalid_since else whole_second(moment(options.invalid_since, field="invalid_since"))
    wanted = Wanted(selected(options), options.reason, since, options.reason_text)
    with opened_to_order(options.data) as (ca, registration):
        found = bulk.plan(ca, _requester(), wanted)
        if not options.yes:
            _confirm(found, options.reason)
        done = ordering.revoke_many(ca, registration, actors.operator(operator()), _requester(), wanted)
        if isinstance(done, Proposal):
            proposed(options, done)
        else:
            _tell(options, through(ca, done))


def status(options: OneJob) -> None:
    """Show how far a revocation in bulk has come."""
    with opened_to_revoke(options.data) as ca:
        _tell(options, bulk.show(ca, options.job))


def list_jobs(options: Common) -> None:
    """List the last revocations in bulk, newest first."""
    with opened_to_revoke(options.data) as ca:
        jobs = bulk.newest(ca)
    columns = ("id", "state", "reason", "total", "done", "refused", "created_ts", "selection")
    rows = [{**revocation_views.shown(one), "selection": one.selection} for one in jobs]
    table = present.listing(columns, [[row[name] for name in columns] for row in rows], empty="Nothing was revoked in bulk yet.")
    present.emit([revocation_views.shown(one) for one in jobs], as_json=options.as_json, human=table)


def resume(options: OneJob) -> None:
    """Go on with a revocation in bulk that was interrupted. A running server does so by itself."""
    with opened_to_revoke(options.data) as ca:
        _tell(options, through(ca, bulk.show(ca, options.job)))


def cancel(options: CancelOptions) -> None:
    """Leave undone what is not done yet. What is done stays done."""
    with opened_to_revoke(options.data) as ca:
        _tell(options, bulk.cancel(ca, options.job, actor=operator(), reason=options.reason_text))


def revoke_name(options: NameOptions) -> None:
    """Revoke, hold or release both certificates of every valid pair of a name, whichever account holds it."""
    name = names.parse(options.name, field="name")
    since = None if not options.invalid_since else whole_second(moment(options.invalid_since, field="invalid_since"))
    with opened_to_order(options.data) as (ca, registration):
        with ca.database.read() as tx:
            known = [one for one in register.history(tx, name.value).records if one.position is not None]
        if not known:
            raise UnknownCertificate(f"No certificate has the name {name}.")
        # A name that passed from one account to another is revoked where it stands now.
        holder = max(known, key=lambda one: (one.current, one.position or 0)).account_id
        requester = the_authority(operator(), holder)
        because = Because(options.reason, since, options.reason_text)
        done = ordering.revoke_name(ca, registration, actors.operator(operator()), requester, name, because)
    if isinstance(done, Proposal):
        proposed(options, done)
        return
    record = done.record
    data = {
        "identifier": record.identifier,
        "state": record.state.value,
        "revocation_reason": None if record.revocation_reason is None else record.revocation_reason.value,
        "signing_cert_serial": record.signing_serial,
        "encryption_cert_serial": record.encryption_serial,
    }
    present.emit(data, as_json=options.as_json, human=f"{record.identifier} is {record.state.value}.")


def _confirm(found: Plan, reason: RevocationReason) -> None:
    sys.stderr.write(f"{_sentence(found)}\nReason: {reason.value}. Except for a hold this cannot be undone.\n")
    if not found.total:
        return
    typed = typer.prompt(f"Type the number of pairs, {found.total}, to go on", default="", show_default=False, err=True)
    if typed.strip() != str(found.total):
        raise NotConfirmed("Nothing was changed.")


def _sentence(found: Plan) -> str:
    outcomes = ", ".join(f"{count} {word}" for word, count in sorted(found.outcomes.items())) or "nothing to do"
    unknown = f"; not known here: {len(found.unknown)}" if found.unknown else ""
    return f"{found.total} pairs: {outcomes}{unknown}."


def _shown_plan(found: Plan) -> dict[str, object]:
    return {
        "pairs": found.total,
        **{f"now {word}": count for word, count in sorted(found.statuses.items())},
        **{f"then {word}": count for word, count in sorted(found.outcomes.items())},
        "not known here": found.unknown[:10] if found.unknown else "none",
    }


def _tell(options: Common, job: Job) -> None:
    outcomes = ", ".join(f"{count:,} {word}" for word, count in sorted(job.outcomes.items())) or "none"
    human = f"{job.id} is {job.state.value}: {job.done:,} of {job.total:,} pairs done ({outcomes})."
    present.emit(revocation_views.shown(job), as_json=options.as_json, human=human)


def _requester() -> Requester:
    return the_authority(operator())


command(app, "plan", PlanOptions, plan)
command(app, "run", RunOptions, run)
command(app, "status", OneJob, status)
command(app, "list", Common, list_jobs)
command(app, "resume", OneJob, resume)
command(app, "cancel", CancelOptions, cancel)
command(app, "name", NameOptions, revoke_name)
