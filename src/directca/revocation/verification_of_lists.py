"""One list, as a stranger fetches it from one address: it stands, agrees with the register, and moves on from the last look."""

from dataclasses import dataclass
from hashlib import sha256

from directca.certificates.census import Registered
from directca.db.engine import Tx
from directca.revocation import verification_answers as answers
from directca.revocation import verification_entries as contents
from directca.revocation import verification_facts as facts
from directca.revocation import verification_lists as whole
from directca.revocation import verification_store as store
from directca.revocation.model import ListId
from directca.revocation.verification_context import VISIBLE_WITHIN, Visit
from directca.revocation.verification_entries import Agreement, Moment, Since
from directca.revocation.verification_lists import SeenList
from directca.revocation.verification_model import Asked, Findings, Look


@dataclass(frozen=True)
class _Fetched:
    """A list that could be read: where it is, under which URL it was fetched, and for when it speaks."""

    of: ListId
    url: str
    seen: SeenList
    moment: Moment
    der: bytes


def look_at_list(visit: Visit, of: ListId, address: str) -> None:
    """Fetch the list from its address and say what is wrong with it."""
    fetched = _fetch(visit, of, address)
    if fetched is None:
        return
    found = {check.__name__: check(fetched.seen) for check in whole.CHECKS}
    for name, message in found.items():
        if message is not None:
            visit.findings.add(name, address, message)
    if found["crl_signature"] is not None or found["crl_issuer"] is not None:
        return  # what somebody else has signed says nothing about this authority's certificates
    try:
        _compare(visit, fetched)
        _compare_with_last(visit, fetched)
    except contents.DisorderedError as error:
        visit.findings.add("crl_ascends", address, f"{error} This authority never makes such a list. Find out who did.")
        return
    except ValueError as error:
        visit.findings.add("crl_readable", address, f"An entry cannot be read: {error}. Make a new list.")
        return
    if found["crl_moves_on"] is None:
        look = Look(fetched.seen.number, fetched.seen.this_update, fetched.seen.sha256)
        visit.verification.looks.remember(fetched.url, look, fetched.der)


def _fetch(visit: Visit, of: ListId, address: str) -> _Fetched | None:
    v = visit.verification
    url = v.url_of(address)
    asked = Asked(url, answers.MOST_LIST_OCTETS)
    asked_at, fetched = visit.ask(asked)
    if not answers.is_usable(visit.findings, address, asked, fetched, answers.CRL):
        return None
    try:
        crl, number = whole.read(fetched.body)
    except ValueError as error:
        visit.findings.add("crl_readable", address, f"What is there cannot be read as a CRL in DER: {error}. Make a new list.")
        return None
    settled_before = asked_at - VISIBLE_WITHIN
    with v.database.read() as tx:
        published = store.published(tx, of, number)
        newest = store.newest_number(tx, of, published_before=settled_before)
        previous = store.last_before(tx, of, number)
    entry = visit.entries[of.authority_id]
    seen = SeenList(
        address=address,
        partition=of.partition,
        crl=crl,
        number=number,
        sha256=sha256(fetched.body).hexdigest(),
        issuer=visit.certificates[of.authority_id],
        now=v.clock.now(),
        # A root's list may have been made where its key is kept.
        longest=v.policy.crl.offline_next_update if entry.parent_id is None else v.policy.crl.next_update,
        published=published,
        overtaken_by=newest if newest is not None and newest > number else None,
        last=v.looks.last(url),
    )
    return _Fetched(of, url, seen, Moment(seen.this_update, previous, settled_before), fetched.body)


def _compare(visit: Visit, fetched: _Fetched) -> None:
    """Every entry against the register, which is read after the list was fetched: what changed in between is seen to have."""
    of, seen = fetched.of, fetched.seen
    if (of, seen.sha256) in visit.compared:
        return  # the same list at another address
    with visit.verification.database.scan() as tx, visit.verification.database.read() as single:
        agreement = Agreement(seen.address, of.partition, fetched.moment, _look_up(single, of))
        registered = facts.must_be_listed(tx, of.authority_id, of.partition, previous=fetched.moment.previous)
        found = Findings()  # half a walk through a list in disorder finds what is not so
        visit.listed += agreement.check(found, contents.entries(seen.crl), registered)
    visit.findings.take(found)
    visit.compared.add((of, seen.sha256))
    visit.lists += 1


def _compare_with_last(visit: Visit, fetched: _Fetched) -> None:
    v, seen, last = visit.verification, fetched.seen, fetched.seen.last
    if last is None or last.sha256 == seen.sha256 or seen.number < last.number:
        return
    before = v.looks.der(last)
    if before is None:
        visit.findings.add(
            "last_look",
            seen.address,
            "What the last look saw is lost, so removals since then cannot be told. Keep `status/` as it is.",
        )
        return
    old, _ = whole.read(before)
    with v.database.read() as tx:

        def was_released(record_id: str) -> bool:
            return facts.was_released(tx, record_id)

        since = Since(seen.address, old.last_update_utc, fetched.moment, _look_up(tx, fetched.of), was_released)
        since.check(visit.findings, contents.entries(old), contents.entries(seen.crl))


def _look_up(tx: Tx, of: ListId) -> contents.LookUp:
    def look_up(serial: int) -> Registered | None:
        return facts.look_up(tx, of.authority_id, serial)

    return look_up
