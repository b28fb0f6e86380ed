"""`directca case`: what organizations have applied for, and what the operator decides on it."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from directca.api import case_views
from directca.cli import present
from directca.cli.commands import Common, Reason, command, group
from directca.cli.context import Desk, opened
from directca.vetting import actors, case_page, deciding
from directca.vetting.case_model import Actor, Side
from directca.vetting.case_page import CasePage
from directca.vetting.deciding import VERDICTS, Verdict

app = group("case", "Applications of organizations: the queue, and what is decided on them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCase(Common):
    """Options of the commands about one case."""

    case: Annotated[str, typer.Argument(help="The case's identifier, from `case queue`.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOptions(OneCase):
    """Options of `case note`."""

    text: Annotated[str, typer.Argument(help="What the applicant is asked or told.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideOptions(OneCase):
    """Options of `case approve`, `case reject` and `case send-back`."""

    reason: Reason
    revision: Annotated[int, typer.Option(help="The revision at which you saw the case, from `case show`.")]


def queue(options: Common) -> None:
    """List the cases that wait for a decision, those that wait longest first, and the reviews that are due."""
    with opened(options.data) as desk:
        found = case_page.queue(desk.registration, _operator(desk))
    rows: list[tuple[object, ...]] = [
        (one.case.id, one.case.kind, one.case.state, one.case.facts.legal_name, f"{one.approvals} of {one.approvals_needed}")
        for one in found.cases
    ]
    rows += [(one.id, "review due", one.status, one.facts.legal_name, "—") for one in found.due_for_review]
    heads = ("case or organization", "kind", "state", "name", "approvals")
    table = present.listing(heads, rows, empty="Nothing waits for a decision.")
    present.emit(case_views.queue(found, desk.rules), as_json=options.as_json, human=table)


def show(options: OneCase) -> None:
    """Show everything about a case: facts, people, history, what is missing, and who must act."""
    with opened(options.data) as desk:
        page = case_page.case_page(desk.registration, _operator(desk), options.case, officer=True)
    data = case_views.case(page, desk.rules)
    if options.as_json:
        present.emit(data, as_json=True, human="")
        return
    names = ("id", "kind", "state", "organization", "account_id", "revision", "approvals", "approvals_needed", "who_must_act")
    present.emit(None, as_json=False, human=present.facts({name: data[name] for name in names} | data["facts"]))
    for heads, rows in _tables(data):
        if rows:
            present.space()
            present.emit(None, as_json=False, human=present.listing(heads, rows, empty=""))


def note(options: NoteOptions) -> None:
    """Write something to the applicant."""
    with opened(options.data) as desk:
        deciding.note(desk.registration, _operator(desk), options.case, options.text, Side.AUTHORITY)
        page = case_page.case_page(desk.registration, _operator(desk), options.case, officer=True)
    _say(options, desk, page)


def approve(options: DecideOptions) -> None:
    """Approve a case. It is decided once as many different people have approved it as the settings want."""
    _decide(options, "approve")


def reject(options: DecideOptions) -> None:
    """Reject a case. The applicant may correct it, or appeal to somebody else."""
    _decide(options, "reject")


def send_back(options: DecideOptions) -> None:
    """Give a case back to the applicant, to be corrected."""
    _decide(options, "send_back")


command(app, "queue", Common, queue)
command(app, "show", OneCase, show)
command(app, "note", NoteOptions, note)
command(app, "approve", DecideOptions, approve)
command(app, "reject", DecideOptions, reject)
command(app, "send-back", DecideOptions, send_back)


def _decide(options: DecideOptions, word: str) -> None:
    with opened(options.data) as desk:
        verdict = Verdict(VERDICTS[word], options.reason, options.revision)
        deciding.decide(desk.registration, _operator(desk), options.case, verdict)
        page = case_page.case_page(desk.registration, _operator(desk), options.case, officer=True)
    _say(options, desk, page)


def _operator(desk: Desk) -> Actor:
    return actors.operator(desk.actor)


def _say(options: Common, desk: Desk, page: CasePage) -> None:
    human = (
        f"The case of {page.case.facts.legal_name} is {page.case.state}: {page.approvals} of {page.approvals_needed} approvals."
    )
    present.emit(case_views.case(page, desk.rules), as_json=options.as_json, human=human)


def _tables(data: dict[str, Any]) -> list[tuple[tuple[str, ...], list[tuple[object, ...]]]]:
    people = ("name", "title", "role", "state", "method", "evidence_type", "evidence_number", "verifier", "proofed_ts")
    history = ("number", "ts", "side", "by", "step", "text")
    lacking = ("field", "missing", "who_must_act")
    return [
        (names, [tuple(row[name] for name in names) for row in data[part]])
        for part, names in (("representatives", people), ("history", history), ("lacks", lacking))
    ]
