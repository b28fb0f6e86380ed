"""The journal for auditors: rows by filters in the address, one row with its place in the chain, its verification, and a copy
to take along."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import audit
from directca.journal import verification
from directca.journal.csv_rows import as_csv
from directca.journal.errors import NoSuchRow
from directca.journal.export_row import as_json
from directca.journal.model import Verification, Wanted
from directca.web import written
from directca.web.console import history, mistakes
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.paging import address
from directca.web.forms import Form
from directca.web.headers import NEVER_KEPT
from directca.web.next_page import CONSOLE

JOURNAL = f"{CONSOLE}/journal"
FILTERS = ("since", "until", "kind", "actor", "subject", "account")
FORMS = {"csv": ("text/csv; charset=utf-8", "csv"), "jsonl": ("application/x-ndjson", "jsonl")}
_LONGEST = 200


def show_journal(console: Console, request: Request) -> Response:
    """The rows that the filters say, newest first."""
    visit = console.visit(request)
    said = _said(request.query_params)
    wanted, wrong = _wanted(said)
    found = audit.rows(console.web.people, wanted, _position(request.query_params.get("before", "")), by=visit.session)
    pairs = tuple(said.items())
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/journal.html",
        wrong.shown,
        found=found,
        said=said,
        next_page=address(JOURNAL, pairs, before=found.before or ""),
        copy_page=address(f"{JOURNAL}/copy", pairs),
        is_further="before" in request.query_params,
        is_filtered=any(said.values()),
        first_page=address(JOURNAL, pairs),
        errors=wrong.found,
    )


def show_row(console: Console, request: Request) -> Response:
    """One row, with all that it says and its place in the chain."""
    visit = console.visit(request)
    position = _position(request.path_params["position"])
    if position is None:
        raise NoSuchRow("The journal has no such row.")
    one = audit.row(console.web.people, position, by=visit.session)
    return console.web.pages.render_for(visit.visitor, request, "console/journal_row.html", one=one, more=f"{JOURNAL}?subject=")


def show_verification(console: Console, request: Request) -> Response:
    """The last verifications and how far each is."""
    return _verification(console, console.visit(request), request)


def submit_verification(console: Console, request: Request, form: Form) -> Response:
    """Begin one, or go on with one that stands still."""
    visit = console.sent(request, form)
    begun = audit.begin_verification(console.web.people, by=visit.session)
    console.begin_verification(begun.id)
    return done(f"{JOURNAL}/verification")


def show_copy(console: Console, request: Request) -> Response:
    """Asks in which form a copy is wanted."""
    return _copy(console, console.visit(request), request, _said(request.query_params))


def submit_copy(console: Console, request: Request, form: Form) -> Response:
    """The copy, as a file."""
    visit = console.sent(request, form)
    said = _said(form.fields)
    wanted, wrong = _wanted(said)
    word = form.text("form")
    if word not in FORMS or wrong.found:
        return _copy(console, visit, request, said, wrong if wrong.found else mistakes.beside(("form", "Choose a form.")))
    rows = audit.copied(console.web.people, wanted, _position(form.text("before")), word, by=visit.session)
    text = as_csv(rows) if word == "csv" else "".join(f"{as_json(row)}\n" for row in rows)
    media_type, ending = FORMS[word]
    name = f"journal-{rows[-1].position}-{rows[0].position}.{ending}" if rows else f"journal-empty.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER_KEPT}
    return Response(text, headers=headers, media_type=media_type)


def _verification(console: Console, visit: Visit, request: Request) -> Response:
    found = audit.verifications(console.web.people, by=visit.session)
    now = console.clock.now()
    name = history.namer(visit)
    running = next((one for one in found if one.finished_at is None), None)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/verification.html",
        found=[(one, name(one.actor)) for one in found],
        running=running,
        is_still=running is not None and _is_still(running, now),
    )


def _is_still(one: Verification, now: datetime) -> bool:
    return now - one.moved_at > verification.STILL


def _copy(console: Console, visit: Visit, request: Request, said: Mapping[str, str], wrong: Mistakes = NONE) -> Response:
    # The verb is asked for the first page, so that nobody else sees even the form.
    audit.rows(console.web.people, Wanted(), None, by=visit.session)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/journal_copy.html",
        wrong.shown,
        said=said,
        fields=tuple(said.items()),
        most=audit.MOST_COPIED,
        errors=wrong.found,
        back=address(JOURNAL, said.items()),
    )


def _said(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "").strip()[:_LONGEST] for name in FILTERS}


def _wanted(said: Mapping[str, str]) -> tuple[Wanted, Mistakes]:
    """The rows that are looked for. A day is the whole of it, in UTC."""
    days = {name: written.day(said[name]) for name in ("since", "until")}
    wrong = [(name, "Give a day, such as 2026-11-24.") for name, day in days.items() if said[name] and day is None]
    until = days["until"]
    wanted = Wanted(
        since=days["since"],
        until=None if until is None else until + timedelta(days=1),
        kind=said["kind"],
        actor=said["actor"],
        subject=said["subject"],
        account_id=said["account"],
    )
    return wanted, mistakes.beside(*wrong) if wrong else NONE


def _position(text: str) -> int | None:
    return written.number(text) or None
