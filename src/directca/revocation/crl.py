"""CRL: the list of what is revoked or held, made from stored facts, signed, and published so that it only moves forward.

1 gather     one consistent moment: the last number, the published list, the entries
2 rehearse   encode, lint those bytes
3 reserve    the number, and the journal's row, before anything is signed (invariant 8)
4 sign       no transaction open
5 publish    compare-and-swap: an older list never replaces a newer one (invariant 12)
"""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from directca.certificates import authorities, register, switch
from directca.clock import whole_second
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki import crl as body
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.reasons import RevocationReason
from directca.revocation import store
from directca.revocation.context import Revocation
from directca.revocation.errors import ClockWentBack, NothingFresh
from directca.revocation.model import Crl
from directca.signing.rehearsal import rehearse_crl

_TRIES = 8


def produce(ca: Revocation, authority_id: str, *, actor: str) -> Crl:
    """Make and publish the authority's next CRL; answers the list that is published afterwards, which may be a newer one.

    Every change of status that was committed before the call is on it. Raises SigningStopped, LintFailed, ClockWentBack.
    """
    authority = ca.authorities[authority_id]
    for _ in range(_TRIES):
        # 1 gather
        with ca.database.read() as tx:
            intent, template = _gather(tx, ca, authority_id)

        # 2 rehearse
        to_be_signed = body.encode(template, authority.issuer)
        rehearsed = rehearse_crl(to_be_signed, template, authority.issuer, ca.policy)

        # 3 reserve
        with ca.database.write() as tx:
            switch.check(tx)  # while signing is stopped no number is spent on a list that will not be
            if not store.add_intent(tx, intent, sha256(to_be_signed).hexdigest()):
                continue  # another process took the number, perhaps with newer facts: gather again
            append(tx, _event("crl.intended", actor, intent), at=ca.clock.now())
        # A crash here leaves a number that no list has; the next list takes the next number.

        # 4 sign
        signed = replace(intent, der=body.assemble(to_be_signed, authority.sign(rehearsed)))

        # 5 publish
        with ca.database.write() as tx:
            now = ca.clock.now()
            outcome = "success" if store.publish(tx, signed, now) else "overtaken"
            append(tx, replace(_event("crl.published", actor, signed), outcome=outcome), at=now)
            newest = store.newest_published(tx, authority_id)
        assert newest is not None  # one was just published
        if newest.status_version >= intent.status_version:
            return newest
        # A slower process took a higher number for older facts and published first: only a further list shows what this one did.
    raise NothingFresh("Other processes were quicker at each try to make this CRL; one of theirs is published.")


def due(ca: Revocation, authority_id: str) -> bool:
    """Whether a CRL should be made now: none is there, its interval has passed, or a status changed since it was gathered."""
    with ca.database.read() as tx:
        newest = store.newest_published(tx, authority_id)
        version = authorities.status_version(tx, authority_id)
    if newest is None:
        return True
    return ca.clock.now() >= newest.this_update + ca.policy.crl.interval or version > newest.status_version


def published(ca: Revocation, authority_id: str) -> Crl:
    """The list to serve. Raises NothingFresh when there is none or it has passed its nextUpdate (invariant 13)."""
    with ca.database.read() as tx:
        newest = store.newest_published(tx, authority_id)
    if newest is None or not newest.fresh_at(ca.clock.now()):
        raise NothingFresh("The newest CRL of this authority is out of date, so it is not served; the operator must make one.")
    return newest


def newest(tx: Tx, authority_id: str) -> Crl | None:
    """The newest published list, fresh or not."""
    return store.newest_published(tx, authority_id)


def _gather(tx: Tx, ca: Revocation, authority_id: str) -> tuple[Crl, CrlTemplate]:
    last = store.newest_published(tx, authority_id)
    number = store.last_number(tx, authority_id)
    this_update = _this_update(ca, last)
    previous = None if last is None else last.this_update
    entries = tuple(
        # A revocation that a clock which ran ahead dated into the future is listed as of now, rather than keep every list back.
        RevokedEntry(int(serial, 16), min(at, this_update), _listed(reason))
        for serial, at, reason in register.crl_entries(tx, authority_id, previous_this_update=previous)
    )
    template = CrlTemplate(
        # Not less than the time in seconds: a database restored from an old backup must not give out a number twice.
        number=max(number + 1, int(this_update.timestamp())),
        this_update=this_update,
        next_update=this_update + ca.policy.crl.next_update,
        entries=entries,
        follows=None if last is None else (last.number, last.this_update),
    )
    intent = Crl(
        authority_id=authority_id,
        number=template.number,
        this_update=template.this_update,
        next_update=template.next_update,
        der=b"",
        entries=len(entries),
        status_version=authorities.status_version(tx, authority_id),
    )
    return intent, template


def _listed(word: str | None) -> RevocationReason | None:
    """The reason as a relying party reads it: the record keeps a word that a full CRL cannot say, the entry gives none."""
    reason = None if word is None else RevocationReason(word)
    return reason if reason is not None and reason.on_full_crl else None


def _this_update(ca: Revocation, last: Crl | None) -> datetime:
    """Now, in whole seconds. A clock that stands before the last list's is refused: thisUpdate never goes back."""
    now = whole_second(ca.clock.now())
    if last is not None and now < last.this_update:
        raise ClockWentBack(f"The clock says {now:%H:%M:%S}, before the last CRL was made. Set the clock right.")
    return now


def _event(kind: str, actor: str, crl: Crl) -> Event:
    detail: dict[str, Fact] = {
        "number": crl.number,
        "entries": crl.entries,
        "this_update": crl.this_update.isoformat(),
        "next_update": crl.next_update.isoformat(),
    }
    return Event(kind, actor, f"authority:{crl.authority_id}", detail=detail)
