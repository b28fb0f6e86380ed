"""`directca db restored`: an authority whose database was brought back from the past is made safe to start.

What happened after the moment that was restored is not known here, but strangers may have it: lists with higher numbers,
certificates, revocations. Serial numbers are random, so none comes twice.

1 keep out    no server runs while this is done
2 look        the database is sound and the journal whole
3 mark        every list is due, in the journal's own words how far it knows
4 settle      what was about to be signed then may have been signed: it counts as issued, and is revoked
5 publish     lists whose numbers and dates are after those of any that strangers have
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from directca import rooms
from directca.certificates import listing
from directca.certificates.model import Record
from directca.cli import present
from directca.cli.commands import Common
from directca.cli.context import operator
from directca.cli.errors import JournalBroken
from directca.cli.sole_server import sole_server
from directca.clock import rfc3339
from directca.db.engine import Tx
from directca.issuance.reconcile import reconcile
from directca.journal import read
from directca.journal.model import Event, Wanted
from directca.journal.record import append
from directca.journal.verify import Verdict, verify_founded
from directca.revocation import crl
from directca.revocation.model import ListFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredOptions(Common):
    """Options of `db restored`."""


def restored(options: RestoredOptions) -> None:
    """After the database was brought back from a dump or an archive: settle what was under way, publish higher lists.

    Give it before the first start. It may be given twice.
    """
    # 1 keep out
    with sole_server(options.data), closing(rooms.open_authority(options.data)) as authority:
        # 2 look
        authority.database.check()
        with authority.database.read() as tx:
            verdict = verify_founded(tx)
            known = _known_until(tx)
            lists = crl.lists(tx)
        if verdict.problems:
            raise JournalBroken(
                f"The journal does not hold: {'; '.join(verdict.problems)}. Nothing was done; restore from another copy."
            )
        # 3 mark
        with authority.database.write() as tx:
            now = authority.clock.now()
            listing.want_new(tx, now)
            detail: dict[str, Any] = {"rows": verdict.rows, "digest": verdict.digest, "known_until": known}
            append(tx, Event("authority.restored", operator(), "authority:issuing", detail=detail), at=now)
        # A crash here leaves lists that are due: a start makes them, and settles. Give the command again to see what it did.
        # 4 settle
        settled = reconcile(authority.issuance, actor=operator(), older_than=timedelta(0))
        # 5 publish
        able = [of for of in lists if authority.revocation.authorities[of.authority_id].has_key]
        made = [crl.produce(authority.revocation, of, actor=operator()) for of in able]
    _tell(options, verdict, known, settled, made)


def _known_until(tx: Tx) -> str:
    """When the past ends: at the last row, or as this command has said before if no server has started since."""
    said, began = (
        next(iter(read.before(tx, Wanted(kind=kind), None, limit=1)), None)
        for kind in ("authority.restored", "authority.started")
    )
    if said is not None and (began is None or began.position < said.position):
        return str(said.event.detail["known_until"])
    last = read.latest(tx, limit=1)
    return rfc3339(last[0].at) if last else "the beginning"


def _tell(options: RestoredOptions, verdict: Verdict, known: str, settled: tuple[Record, ...], made: list[ListFacts]) -> None:
    data = {
        "known_until": known,
        "journal_rows": verdict.rows,
        "journal_digest": verdict.digest,
        "settled": [
            {
                "identifier": one.identifier,
                "signing_cert_serial": one.signing_serial,
                "encryption_cert_serial": one.encryption_serial,
            }
            for one in settled
        ],
        "lists": [
            {"authority": one.of.authority_id, "partition": one.of.partition, "number": one.number, "entries": one.entries}
            for one in made
        ],
    }
    human = (
        f"This authority knows everything until {known}: {verdict.rows} rows, digest {verdict.digest}.\n"
        f"Settled: {len(settled)} that were about to be signed. New lists: {len(made)}.\n"
        "What happened since then is not known here: repeat revocations and suspensions, and revoke what was issued, "
        "before you let the server answer."
    )
    present.emit(data, as_json=options.as_json, human=human)
