"""The list of an authority whose key is kept offline, such as a root's: ordered here, signed there, brought back and published.

1 order      what the next list must say, to be carried to the key
2 rehearse   on the machine with the key: encode, lint those bytes
3 sign       there; it needs no database
4 verify     here: signature, dates, and that it lists exactly what the register says, no more and no less
5 publish    the same compare-and-swap as for every list (invariant 12)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from directca.certificates import authorities, authority_standing, listing
from directca.certificates.model import AuthorityEntry
from directca.clock import rfc3339, whole_second
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki import crl as body
from directca.pki.certificate_view import read_certificate, read_issuer
from directca.pki.crl import CrlTemplate, EntryRun, RevokedEntry
from directca.pki.crl_view import read_entries
from directca.pki.lints import revocation_list
from directca.pki.lints.certificate import stop_on
from directca.pki.lints.crl_rules import read_entry
from directca.pki.lints.errors import LintFailed
from directca.pki.signatures import BadSignatureError, check_signature
from directca.revocation import brought_list, store
from directca.revocation.authority_errors import (
    BadCrlFile,
    CrlIncomplete,
    CrlNotNewer,
    CrlNumberFar,
    CrlOutOfTime,
    ForeignOrder,
)
from directca.revocation.brought_list import BroughtList
from directca.revocation.context import Revocation
from directca.revocation.errors import ClockWentBack
from directca.revocation.model import Crl, ListFacts, ListId
from directca.revocation.offline_order import Order, OrderedEntry, next_number
from directca.signing.authority import Authority
from directca.signing.rehearsal import rehearse_crl

_NEVER_LATER = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True)
class MadeList:
    """A list that was signed offline and is to be carried back."""

    der: bytes
    number: int
    this_update: datetime
    next_update: datetime
    entries: int


def order(ca: Revocation, entry: AuthorityEntry, policy: str, *, actor: str) -> Order:
    """What the next list of an authority must say; `policy` is the text of the policy file. Nothing is reserved or changed.

    Raises CrlNumberFar when no number is left that a list could have.
    """
    with ca.database.write() as tx:
        # 1 order
        of, now = ListId(entry.id), whole_second(ca.clock.now())
        last, above = store.newest(tx, of), store.last_number(tx, of)
        next_number(above, now)
        run = listing.entries(tx, entry.id, listing.FULL, _NEVER_LATER)
        names = {authority_standing.serial(one): one.subject_dn for one in authorities.known(tx)}
        made = Order(
            authority_id=entry.id,
            subject=entry.subject_dn,
            certificate_sha256=sha256(entry.certificate_der).hexdigest(),
            made_at=now,
            number_above=above,
            follows=None if last is None else (last.number, last.this_update),
            entries=tuple(OrderedEntry(one, names.get(one.serial, "")) for one in _decoded(run)),
            policy=policy,
        )
        detail: dict[str, Fact] = {"number_above": made.number_above, "entries": len(made.entries)}
        append(tx, Event("crl.ordered", actor, f"authority:{entry.id}", detail=detail), at=ca.clock.now())
    return made


def make(order: Order, root: Authority, now: datetime, lasts: timedelta) -> MadeList:
    """Sign the list of an order, valid from now for so long, where the key is. `root` holds the policy for offline lists.

    Raises ForeignOrder when certificate and order are not of one root, ClockWentBack when this machine's clock stands before
    the order, CrlNumberFar when the order asks for a number that no list should have, LintFailed when the list is not what the
    policy lets it be, and what signing raises.
    """
    check_is_for(order, root)
    this_update = whole_second(now)
    if this_update < order.made_at:
        raise ClockWentBack(
            f"This machine's clock says {rfc3339(now)}, before the order was made ({rfc3339(order.made_at)}). Set it right."
        )

    number = next_number(order.number_above, this_update)

    # 2 rehearse
    run = EntryRun(this_update)
    for one in sorted(order.entries, key=lambda one: one.entry.serial):
        run.add([body.encode_entry(one.entry)])
    template = CrlTemplate(
        number=number,
        this_update=this_update,
        next_update=this_update + lasts,
        entries=run.facts(),
        follows=order.follows,
    )
    to_be_signed = body.encode(template, root.issuer, run.entries)
    rehearsed = rehearse_crl(to_be_signed, template, root.issuer, root.policy)

    # 3 sign
    signed = body.assemble(to_be_signed, root.sign(rehearsed))
    return MadeList(signed, template.number, this_update, template.next_update, len(order.entries))


def check_is_for(order: Order, root: Authority) -> None:
    """Raise ForeignOrder unless the order asks this authority, which certifies itself."""
    certificate = root.issuer.certificate_der
    if certificate is None or sha256(certificate).hexdigest() != order.certificate_sha256:
        raise ForeignOrder(f"The order is for the certificate of {order.subject}. Give that certificate.")
    view = read_certificate(certificate)
    try:
        check_signature(root.issuer, view.signature, view.tbs)
    except BadSignatureError as error:
        raise ForeignOrder("The certificate is not a root's: it does not certify itself.") from error


def bring(ca: Revocation, entry: AuthorityEntry, encoded: bytes, *, actor: str) -> ListFacts:
    """Publish a list that was signed where the key of the authority is.

    Raises BadCrlFile, CrlOutOfTime, CrlNotNewer, CrlNumberFar and CrlIncomplete; then nothing was changed.
    """
    # 4 verify
    issuer = read_issuer(entry.certificate_der)
    found = brought_list.read(encoded, issuer)
    _check_times(ca, found)
    with ca.database.read() as tx:
        facts, template = _expected(tx, ListId(entry.id), found)
    try:
        stop_on(revocation_list.examine(encoded, template, issuer, ca.policy.for_offline_lists()))
    except LintFailed as error:
        raise BadCrlFile(f"The list is not as this authority makes them: {error}.") from error

    with ca.database.write() as tx:
        # 5 publish
        if listing.behind_version(tx, entry.id, listing.FULL) != facts.status_version:
            raise CrlIncomplete("A status changed at this moment, so the list may be behind already. Give the command again.")
        now = ca.clock.now()
        reserved = store.add_intent(tx, facts, sha256(found.to_be_signed).hexdigest())
        if not reserved or not store.publish(tx, Crl(facts, encoded), now):
            raise CrlNotNewer("Another list was published at this moment. Look at `directca crl show`.")
        version = facts.status_version
        listing.published(tx, entry.id, listing.FULL, this_update=facts.this_update, version=version)
        detail: dict[str, Fact] = {
            "number": facts.number,
            "entries": facts.entries,
            "this_update": facts.this_update.isoformat(),
            "next_update": facts.next_update.isoformat(),
            "sha256": facts.sha256,
        }
        append(tx, Event("crl.brought", actor, f"authority:{entry.id}", detail=detail), at=now)
    return facts


def _check_times(ca: Revocation, found: BroughtList) -> None:
    now, longest = ca.clock.now(), ca.policy.crl.offline_next_update
    if found.this_update > now:
        raise CrlOutOfTime(f"The list is valid from {rfc3339(found.this_update)}, which is to come. Is a clock wrong?")
    if found.next_update <= now:
        raise CrlOutOfTime(f"The list was valid until {rfc3339(found.next_update)}. Export a new order and make a new list.")
    if found.next_update - found.this_update > longest:
        raise CrlOutOfTime(f"The list lasts longer than the {longest.days} days of the policy. Make one that does not.")


def _expected(tx: Tx, of: ListId, found: BroughtList) -> tuple[ListFacts, CrlTemplate]:
    """What such a list must be now. Raises CrlNotNewer, CrlNumberFar and CrlIncomplete, which say what is wrong."""
    last, highest = store.newest(tx, of), store.last_number(tx, of)
    if found.number <= highest:
        raise CrlNotNewer(f"The list has the number {found.number}, but {highest} was given out already. Export a new order.")
    if found.number > next_number(highest, found.this_update):
        raise CrlNumberFar(
            f"The list has the number {found.number}, which follows neither from the last one, {highest}, nor from the time in "
            "seconds. The order was altered on its way, or is older than this register. Export a new order."
        )
    if last is not None and found.this_update < last.this_update:
        raise CrlNotNewer(f"The list is of {rfc3339(found.this_update)}, the published one of {rfc3339(last.this_update)}.")
    run = listing.entries(tx, of.authority_id, of.partition, found.this_update)
    _compare(_decoded(run), found.entries)
    template = CrlTemplate(
        number=found.number,
        this_update=found.this_update,
        next_update=found.next_update,
        entries=run.facts(),
        follows=None if last is None else (last.number, last.this_update),
    )
    facts = ListFacts(
        of=of,
        number=found.number,
        this_update=found.this_update,
        next_update=found.next_update,
        entries=len(found.entries),
        status_version=listing.behind_version(tx, of.authority_id, of.partition),
        points=(),
        sha256=sha256(found.der).hexdigest(),
    )
    return facts, template


def _compare(wanted: Iterable[RevokedEntry], listed: Iterable[RevokedEntry]) -> None:
    must, does = ({one.serial: one for one in entries} for entries in (wanted, listed))
    for serials, fault in (
        (must.keys() - does.keys(), "does not list"),
        (does.keys() - must.keys(), "lists, though nothing here says so,"),
        ({serial for serial in must.keys() & does.keys() if must[serial] != does[serial]}, "says otherwise about"),
    ):
        if serials:
            named = ", ".join(f"{serial:x}" for serial in sorted(serials))
            raise CrlIncomplete(f"The list {fault} the serial {named}. Export a new order and make a new list.")


def _decoded(run: EntryRun) -> tuple[RevokedEntry, ...]:
    return tuple(map(read_entry, read_entries(bytes(run.entries))))
