"""Authority over addresses: who gives it, one at a time or by the file, and that a file is taken as a whole or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directca.accounts.person import Role
from directca.accounts.role_errors import NotPermitted
from directca.db import leases
from directca.direct.errors import BadDirectName
from directca.errors import DirectCAError
from directca.journal import store as journal_store
from directca.vetting import actors, address_store, address_upload, addresses, domain_withdraw, evidence, policy, report
from directca.vetting.address_errors import BadAddressFile, NoSuchUpload, UploadUnderWay
from directca.vetting.address_model import LARGEST_FILE, MOST_ROWS, AddressFilter, AddressUpload, UploadState
from directca.vetting.case_model import Actor
from directca.vetting.errors import BadVettingRecord, MailboxNotAuthorized, NoSuchClaim
from directca.vetting.model import DomainMethod
from tests.applications import Office, somebody
from tests.clinic import RULES, Clinic, a_clinic, ask, recording
from tests.people import OPERATOR

DOMAIN = "mail.clinic.example"


@pytest.fixture
def about(office: Office) -> Clinic:
    """An organization of the applicant's account with a verified domain, and authority over nothing in it."""
    with office.desk.database.write() as tx:
        made = a_clinic(tx, account_id=office.applicant.account_id, domain=None, proofed_at=office.clock.now())
        evidence.verify_domain(tx, made.organization_id, DOMAIN, DomainMethod.DNS_TXT, "seen", recording(office.clock.now()))
    return made


@pytest.fixture
def rosa(office: Office) -> Actor:
    """Who speaks for it."""
    return somebody(office.desk, office.applicant.account_id or "", "Rosa Representative", Role.REPRESENTATIVE)


def a_file(*rows: str, head: str = "address,until") -> bytes:
    return "\r\n".join((head, *rows)).encode()


def brought(office: Office, who: Actor, about: Clinic, octets: bytes) -> AddressUpload:
    made = address_upload.bring(office.desk, who, about.organization_id, octets)
    return address_upload.work(office.desk, made.id)


def authorized(office: Office, about: Clinic) -> list[str]:
    with office.desk.database.read() as tx:
        return [f"{one.mailbox}@{one.domain}" for one in evidence.authorities(tx, about.organization_id)]


def certifiable(office: Office, about: Clinic, name: str) -> bool:
    try:
        ask(office.desk.database, about.account_id, name, now=office.clock.now())
    except MailboxNotAuthorized:
        return False
    return True


def rows_of(office: Office, about: Clinic, prefix: str) -> list[str]:
    with office.desk.database.read() as tx:
        rows = journal_store.rows_about(tx, f"organization:{about.organization_id}")
    return [row.event.kind for row in rows if row.event.kind.startswith(prefix)]


def test_what_a_representative_authorizes_is_certified_until_it_is_withdrawn(office: Office, about: Clinic, rosa: Actor) -> None:
    ann = f"ann@{DOMAIN}"
    assert not certifiable(office, about, ann)
    made = addresses.authorize(office.desk, rosa, about.organization_id, f"ANN@{DOMAIN}", office.clock.now() + timedelta(days=2))
    assert certifiable(office, about, ann)
    again = addresses.authorize(office.desk, rosa, None, ann, made.expires_at)
    assert (again.id, rows_of(office, about, "mailbox.")) == (made.id, ["mailbox.authorized"])
    addresses.withdraw(office.desk, rosa, None, ann)
    assert not certifiable(office, about, ann)
    addresses.authorize(office.desk, rosa, None, f"*@{DOMAIN}", None)
    assert certifiable(office, about, ann)


def test_an_application_that_is_begun_changes_nothing_for_who_names_no_organization(
    office: Office, about: Clinic, rosa: Actor
) -> None:
    with office.desk.database.write() as tx:
        a_clinic(tx, account_id=about.account_id, domain=None, proofed_at=None, approved=False)
    addresses.authorize(office.desk, rosa, None, f"ann@{DOMAIN}", None)
    assert authorized(office, about) == [f"ann@{DOMAIN}"]


def test_a_refusal_names_what_the_caller_sent(office: Office, about: Clinic, rosa: Actor) -> None:
    with pytest.raises(BadVettingRecord, match="in the future") as refusal:
        addresses.authorize(office.desk, rosa, about.organization_id, f"ann@{DOMAIN}", office.clock.now())
    assert refusal.value.field == "until"
    with pytest.raises(BadDirectName) as refused:
        policy.one_address("ann", field="after")
    assert refused.value.field == "after"


def test_only_who_speaks_for_an_organization_gives_authority(office: Office, about: Clinic) -> None:
    for who in (office.applicant, office.olga, office.stranger):
        with pytest.raises(DirectCAError) as refusal:
            addresses.authorize(office.desk, who, about.organization_id, f"ann@{DOMAIN}", None)
        assert refusal.value.slug == ("not_permitted" if who is office.applicant else "organization_not_found")
    with pytest.raises(NotPermitted):
        address_upload.bring(office.desk, office.applicant, about.organization_id, a_file(f"ann@{DOMAIN}"))
    assert authorized(office, about) == []


@pytest.mark.parametrize("address", [DOMAIN, "*@ann@" + DOMAIN, "", "ann", f'"a b"@{DOMAIN}', f"*ann@{DOMAIN}"])
def test_what_is_no_address_is_refused(office: Office, about: Clinic, rosa: Actor, address: str) -> None:
    with pytest.raises(DirectCAError) as refusal:
        addresses.authorize(office.desk, rosa, about.organization_id, address, None)
    assert refusal.value.slug in ("bad_common_name", "bad_vetting_record")


def test_a_domain_that_is_not_the_organizations_is_refused(office: Office, about: Clinic, rosa: Actor) -> None:
    for domain in (f"sub.{DOMAIN}", "other.example"):
        with pytest.raises(NoSuchClaim):
            addresses.authorize(office.desk, rosa, about.organization_id, f"ann@{domain}", None)


def test_a_file_is_applied_as_a_whole_and_once(office: Office, about: Clinic, rosa: Actor) -> None:
    addresses.authorize(office.desk, rosa, None, f"ann@{DOMAIN}", None)
    octets = a_file(f"ann@{DOMAIN}", f"ben@{DOMAIN},2030-01-31", f"Cleo@{DOMAIN.upper()}", "", f'"dora@{DOMAIN}",')
    done = brought(office, rosa, about, octets)
    assert (done.state, done.added, done.changed, done.unchanged, done.wrong) == (UploadState.APPLIED, 3, 0, 1, 0)
    assert authorized(office, about) == [f"{name}@{DOMAIN}" for name in ("ann", "ben", "cleo", "dora")]
    again = brought(office, rosa, about, octets)
    assert (again.state, again.added, again.changed, again.unchanged) == (UploadState.APPLIED, 0, 0, 4)
    other = brought(office, rosa, about, a_file(f"ben@{DOMAIN}"))
    assert (other.added, other.changed) == (0, 1)
    assert len(authorized(office, about)) == 4
    assert rows_of(office, about, "mailboxes.") == ["mailboxes.brought", "mailboxes.authorized"] * 3


WRONG = {
    "no address": ("holds a space", "address"),
    "=1+1": ("begins as a formula", "address"),
    f"=ann@{DOMAIN}": ("begins as a formula", "address"),
    f"@SUM(A1)@{DOMAIN}": ("begins as a formula", "address"),
    f"ann@{DOMAIN},=NOW()": ("begins as a formula", "until"),
    f"ann@{DOMAIN},tomorrow": ("as a date", "until"),
    f"ann@{DOMAIN},1999-01-01": ("in the future", "until"),
    f"ann@{DOMAIN},2030-01-01,more": ("3 cells", ""),
    f"ben@{DOMAIN}": ("on line 2 already", "address"),
    "ann@other.example": ("no verified claim on other.example", "address"),
    f"ann@sub.{DOMAIN}": ("no verified claim", "address"),
    f"änn@{DOMAIN}": ("outside ASCII", "address"),
    ",2030-01-01": ("empty", "address"),
    f'"a\nnn@{DOMAIN}"': ("control character", "address"),
}


def test_every_wrong_row_is_told_by_its_line_and_nothing_is_applied(office: Office, about: Clinic, rosa: Actor) -> None:
    done = brought(office, rosa, about, "\n".join(("address,until", f"ben@{DOMAIN}", *WRONG, f"zoe@{DOMAIN}")).encode())
    assert (done.state, done.total, done.checked, done.wrong) == (UploadState.REFUSED, len(WRONG) + 2, len(WRONG) + 2, len(WRONG))
    assert authorized(office, about) == []
    told = address_upload.wrong_rows(office.desk, office.applicant, done.id)
    assert [one.line for one in told] == list(range(3, 3 + len(WRONG)))
    for one, (row, (why, column)) in zip(told, WRONG.items(), strict=True):
        assert (one.column, why in one.why) == (column, True), (row, one)
    assert address_upload.wrong_rows(office.desk, rosa, done.id, after=told[4].line, limit=2) == told[5:7]
    with office.desk.database.read() as tx:
        kept = address_store.find(tx, done.id, with_content=True)
    assert kept is not None
    assert kept.content == b""


@pytest.mark.parametrize(
    "octets",
    [
        f"\ufeffaddress\nann@{DOMAIN}".encode(),
        f"address\nann@{DOMAIN}".encode("utf-16"),
        b"\xfe\xff" + f"address\r\nann@{DOMAIN}\r\n".encode("utf-16-be"),
        f"until;ADDRESS\n;ann@{DOMAIN}".encode(),
        f"Address\tuntil\r\n ann@{DOMAIN} \t2030-01-01T12:00:00Z\r\n\r\n".encode(),
        f'"address"\n"ann@{DOMAIN}"\n'.encode(),
    ],
)
def test_what_spreadsheets_make_is_read(office: Office, about: Clinic, rosa: Actor, octets: bytes) -> None:
    assert brought(office, rosa, about, octets).state is UploadState.APPLIED
    assert authorized(office, about) == [f"ann@{DOMAIN}"]


@pytest.mark.parametrize("until", ["20270131", "2027-W04-7", "2027-031", "2027-01-31x08:00", "31.01.2027", "２０２７-01-31"])
def test_an_end_is_a_day_or_a_moment_as_everywhere_else(office: Office, about: Clinic, rosa: Actor, until: str) -> None:
    done = brought(office, rosa, about, f"address,until\nann@{DOMAIN},{until}\n".encode())
    assert (done.state, done.wrong) == (UploadState.REFUSED, 1)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "no rows"),
        (b"address\n", "no rows"),
        (b"ann@mail.clinic.example\n", "Line 1 must name the columns"),
        (b"address,until,color\nann@mail.clinic.example\n", "Line 1 must name the columns"),
        (b"address,address\n", "Line 1 must name the columns"),
        (b"address\nann@mail.clinic.example\nb\xe4r@x.example\n", "Line 3 is not in UTF-8"),
        (b"address\nann\0@mail.clinic.example\n", "Line 2 has a character"),
        (b'address\nann@mail.clinic.example\n"ben@mail.clinic.example\n', "From line 3 on the file is not CSV"),
        (b'address\n"ann"x@mail.clinic.example\n', "From line 2 on the file is not CSV"),
        (b"address\n" + b"a" * 200_000, "From line 2 on the file is not CSV"),
        (b"address\n" + b"a\n" * (MOST_ROWS + 1), f"more than {MOST_ROWS} rows"),
        (b"a" * (LARGEST_FILE + 1), "at most"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(
    office: Office, about: Clinic, rosa: Actor, octets: bytes, why: str
) -> None:
    with pytest.raises(BadAddressFile) as refusal:
        address_upload.bring(office.desk, rosa, about.organization_id, octets)
    assert why in refusal.value.detail
    assert address_upload.uploads(office.desk, rosa, None) == ()


def test_a_domain_that_is_withdrawn_meanwhile_is_no_longer_taken(office: Office, about: Clinic, rosa: Actor) -> None:
    made = address_upload.bring(office.desk, rosa, None, a_file(f"ann@{DOMAIN}"))

    def withdraw(_upload: AddressUpload) -> None:
        with office.desk.database.write() as tx:
            domain_withdraw.withdraw_domain(tx, about.organization_id, DOMAIN, recording(office.clock.now()))

    done = address_upload.work(office.desk, made.id, told=withdraw)
    assert (done.state, done.wrong) == (UploadState.REFUSED, 1)
    assert authorized(office, about) == []


class Died(Exception):
    """The process is gone."""


def dies(_upload: AddressUpload) -> None:
    raise Died


def test_a_file_that_a_crash_left_is_gone_on_with(
    office: Office, about: Clinic, rosa: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_upload, "_AT_ONCE", 2)
    octets = a_file(*(f"u{number}@{DOMAIN}" for number in range(5)))
    made = address_upload.bring(office.desk, rosa, None, octets)
    with pytest.raises(Died):
        address_upload.work(office.desk, made.id, holder="one", told=dies)
    assert address_upload.show(office.desk, rosa, made.id).checked == 2
    assert address_upload.resume_all(office.desk, holder="other")[0].state is UploadState.CHECKING, "the lease is another's"
    office.clock.advance(seconds=31)
    heard: list[int] = []
    done = address_upload.work(office.desk, made.id, holder="other", told=lambda upload: heard.append(upload.checked))
    assert (heard, done.state, done.added) == ([4, 5], UploadState.APPLIED, 5)
    assert address_upload.resume_all(office.desk, holder="other") == ()


def test_nothing_of_a_file_is_there_before_all_of_it_is(
    office: Office, about: Clinic, rosa: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = address_upload.bring(office.desk, rosa, None, a_file(*(f"u{number}@{DOMAIN}" for number in range(5))))
    real = address_store.settle
    monkeypatch.setattr(address_store, "settle", lambda *_args, **_more: dies(made))
    with pytest.raises(Died):
        address_upload.work(office.desk, made.id, holder="one")
    assert authorized(office, about) == []
    monkeypatch.setattr(address_store, "settle", real)
    assert address_upload.work(office.desk, made.id, holder="one").added == 5


def test_one_file_of_an_organization_at_a_time(office: Office, about: Clinic, rosa: Actor) -> None:
    octets = a_file(f"ann@{DOMAIN}")
    made = address_upload.bring(office.desk, rosa, None, octets)
    assert address_upload.bring(office.desk, rosa, None, octets).id == made.id
    with pytest.raises(UploadUnderWay):
        address_upload.bring(office.desk, rosa, None, a_file(f"ben@{DOMAIN}"))
    with office.desk.database.write() as tx:
        taken = f"addresses:{about.organization_id}"
        leases.take(tx, taken, "one", now=office.clock.now(), duration=timedelta(seconds=30))
    assert address_upload.work(office.desk, made.id, holder="other").state is UploadState.CHECKING
    with pytest.raises(NoSuchUpload):
        address_upload.show(office.desk, office.stranger, made.id)


def test_pages_neither_skip_nor_repeat(office: Office, about: Clinic, rosa: Actor) -> None:
    brought(office, rosa, about, a_file(*(f"u{number:03}@{DOMAIN}" for number in range(250))))
    wanted, seen = AddressFilter(limit=100), list[str]()
    while True:
        page = addresses.listed(office.desk, rosa, None, wanted)
        seen += [one.mailbox for one in page.found]
        assert page.total == 250
        if not page.more:
            break
        wanted = replace(wanted, after=(page.found[-1].domain, page.found[-1].mailbox))
    assert seen == [f"u{number:03}" for number in range(250)]
    some = addresses.listed(office.desk, rosa, about.organization_id, AddressFilter(domain=DOMAIN, begins="u01"))
    assert (some.total, some.more) == (10, False)
    assert addresses.listed(office.desk, rosa, None, AddressFilter(begins="u_")).total == 0
    with office.desk.database.read() as tx:
        told = [one.about for one in report.report(tx, about.account_id, RULES, office.clock.now()) if one.kind == "mailbox"]
    assert (len(told), told[-1]) == (101, "150 more mailboxes")


def test_the_operator_acts_for_any_organization_and_nobody_for_a_missing_one(office: Office, about: Clinic, rosa: Actor) -> None:
    assert brought(office, actors.operator(OPERATOR), about, a_file(f"ann@{DOMAIN}")).added == 1
    with pytest.raises(BadVettingRecord):
        addresses.listed(office.desk, office.stranger, None, AddressFilter())
