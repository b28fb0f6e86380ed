"""The addresses of an organization that certificates may be issued for: list, authorize, bring a file, take back."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts.person import Role
from directca.vetting import address_upload, addresses, case_page
from directca.vetting.address_model import LARGEST_FILE, MOST_ROWS, AddressFilter, AddressPage
from directca.vetting.errors import BadVettingRecord
from directca.vetting.model import OrganizationStatus
from directca.vetting.policy import one_address
from directca.web import written
from directca.web.console import confirmation, mistakes
from directca.web.console.confirmation import Asked, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.paging import address
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

ADDRESSES = f"{CONSOLE}/addresses"
_FIELDS = ("address", "until", "file")
_AT_ONCE = 100
_ROWS = 200


def show_addresses(console: Console, request: Request) -> Response:
    """The list, by domain and address, with the form for one more."""
    return _list(console, console.visit(request), request)


def submit_addresses(console: Console, request: Request, form: Form) -> Response:
    """Give authority over one address."""
    visit, organization = console.sent(request, form), form.text("organization") or None
    try:
        until = _day(form.text("until"))
        addresses.authorize(console.registration, visit.actor, organization, form.text("address").strip(), until)
    except mistakes.SHOWN as error:
        called = {"mailbox": "address", "domain": "address", "expires_at": "until"}
        return _list(console, visit, request, mistakes.of(error, _FIELDS, called), form)
    return done(address(ADDRESSES, [("organization", organization or "")]))


def show_upload(console: Console, request: Request) -> Response:
    """The form for a file."""
    return _upload(console, console.visit(request), request)


def submit_upload(console: Console, request: Request, form: Form) -> Response:
    """Take a file in; its own page shows how far it has come."""
    visit = console.sent(request, form)
    organization = form.text("organization") or None
    try:
        made = address_upload.bring(console.registration, visit.actor, organization, form.files.get("file", b""))
    except mistakes.SHOWN as error:
        return _upload(console, visit, request, mistakes.Mistakes((("file", error.detail),), mistakes.of(error).shown))
    console.look_at_addresses(made.id)
    return done(f"{ADDRESSES}/files/{made.id}")


def show_file(console: Console, request: Request) -> Response:
    """How far a file has come, and its rows that cannot be taken. The page loads itself anew while it goes on."""
    visit = console.visit(request)
    upload = address_upload.show(console.registration, visit.actor, request.path_params["file"])
    rows = address_upload.wrong_rows(console.registration, visit.actor, upload.id, limit=_ROWS)
    shown = console.web.pages.render_for(
        visit.visitor, request, "console/address_file.html", upload=upload, rows=rows, list=_here(upload.organization_id)
    )
    if upload.settled_at is None:
        shown.headers["Refresh"] = "1"
    return shown


def show_withdraw(console: Console, request: Request) -> Response:
    """Asks before the authority over an address ends."""
    visit = console.visit(request)
    domain, mailbox = one_address(request.query_params.get("address", ""))
    organization = request.query_params.get("organization", "")
    asked = Asked(
        heading=f"Withdraw {mailbox}@{domain}?",
        consequence="Nothing more is issued for it.",
        button="Withdraw the address",
        back=_here(organization),
        points=("Certificates that were issued stay valid.",),
        is_final=False,
        undoing="Authorize the address again.",
        fields=(("address", f"{mailbox}@{domain}"), ("organization", organization)),
    )
    return confirmation.ask(visit, request, asked)


def submit_withdraw(console: Console, request: Request, form: Form) -> Response:
    """End it."""
    visit, organization = console.sent(request, form), form.text("organization") or None
    try:
        addresses.withdraw(console.registration, visit.actor, organization, form.text("address"))
    except mistakes.SHOWN as error:
        return _list(console, visit, request, mistakes.of(error), form)
    return done(_here(organization or ""))


def _here(organization: str) -> str:
    return address(ADDRESSES, [("organization", organization)])


def _organizations(console: Console, visit: Visit) -> list[tuple[str, str]]:
    known = [page.organization for page in case_page.organizations_of(console.registration, visit.actor)]
    return [(one.id, one.facts.legal_name) for one in known if one.status is not OrganizationStatus.ENDED]


def _list(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, form: Form | None = None) -> Response:
    mine = _organizations(console, visit)
    query = request.query_params
    chosen = (form.text("organization") if form is not None else query.get("organization", "")) or (mine[0][0] if mine else "")
    begins, after = query.get("begins", "").strip().lower(), query.get("after", "")
    page: AddressPage | None = None
    if chosen:
        behind = one_address(after) if after else None
        wanted = AddressFilter(begins=begins or None, after=behind, limit=_AT_ONCE)
        page = addresses.listed(console.registration, visit.actor, chosen, wanted)
    filters = [("organization", chosen), ("begins", begins)]
    follows = f"{page.found[-1].mailbox}@{page.found[-1].domain}" if page is not None and page.more else ""
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/addresses.html",
        wrong.shown,
        page=page,
        organizations=mine,
        chosen=chosen,
        is_representative=Role.REPRESENTATIVE in visit.session.person.roles,
        begins=begins,
        is_later=bool(after),
        first=address(ADDRESSES, filters),
        follows=address(ADDRESSES, filters, after=follows) if follows else "",
        uploads=address_upload.uploads(console.registration, visit.actor, chosen) if chosen else (),
        now=console.clock.now(),
        values={name: "" if form is None else form.text(name) for name in _FIELDS},
        errors=wrong.found,
        here=request.url.path,
    )


def _upload(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE) -> Response:
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/address_upload.html",
        wrong.shown,
        organizations=_organizations(console, visit),
        chosen=request.query_params.get("organization", ""),
        most_rows=MOST_ROWS,
        kilobytes=LARGEST_FILE // 1024,
        errors=wrong.found,
        here=request.url.path,
    )


def _day(text: str) -> datetime | None:
    """The midnight of a day; None where nothing was said. Raises BadVettingRecord for what is no day."""
    if not text.strip():
        return None
    found = written.day(text)
    if found is None:
        raise BadVettingRecord("Write the end as a date, or leave it empty.", field="until")
    return found
