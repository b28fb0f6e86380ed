"""The lifecycle as a state machine: whatever happens in whatever order, the register, the CRL and the money tell one story.

`promises.py` keeps its own idea of every pair. After each step the database, the published CRL, `status()` and the balance must
agree with it; at the end an inspector looks at the file and at everything that the keys have signed.
"""

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from directca.certificates import register
from directca.certificates.model import Pair, status
from directca.db.sqlite import SqliteDatabase
from directca.errors import DirectCAError
from directca.issuance.reconcile import reconcile
from directca.pki.keys import read_spki
from directca.pki.reasons import RevocationReason
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from directca.signing.file_keys import FileKey
from tests import authority
from tests.crash.inspection import everything_signed, inspect
from tests.crash.points import SIGNATURES, append_line
from tests.material import spki_der
from tests.property.promises import COMPROMISE, HOLD, OVERLAP, RELEASE, Intent, Promise, Promises
from tests.world import DOMAIN, PLENTY, START, World, a_world

NAMES = (f"alice@{DOMAIN}", f"bob@{DOMAIN}")
PRICE = {1: 3500, 2: 6500, 3: 9000}
RESERVED = {"cACompromise", "aACompromise"}
# Most spans leave pairs valid: much can happen to those only.
SPANS = (0.5, 1, 61, 3600, 13 * 3600, 73 * 3600, 73 * 3600, 15 * 86_400, 150 * 86_400)
REASONS = (*[RevocationReason(one) for one in (HOLD, RELEASE, COMPROMISE, "superseded")] * 3, *RevocationReason)
LAST_OF_RSA_2048 = datetime(2030, 12, 31, tzinfo=UTC)  # SP 800-57 part 1
A_MINUTE, LATEST = timedelta(minutes=1), START + timedelta(days=3 * 365)
names = st.sampled_from((*[NAMES[0]] * 3, NAMES[1]))
new_keys = st.sampled_from((None, 0, 2))


class PowerCutError(BaseException):
    """Ends everything at once: nothing of the product may catch it and tidy up."""


class Spy:
    """Stands behind the authority's keys: writes down what they sign, and cuts the power when it is told to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.left: int | None = None
        self._patch = pytest.MonkeyPatch()

    def watch(self) -> None:
        sign = FileKey.sign

        def watched(key: FileKey, message: bytes, algorithm: Any) -> bytes:
            if self.left == 0:
                raise PowerCutError
            signature = sign(key, message, algorithm)
            append_line(self.file, {"signed": message.hex(), "signature": signature.hex()})
            self.left = None if self.left is None else self.left - 1
            return signature

        self._patch.setattr(FileKey, "sign", watched)

    def power_lasts_for(self, signatures: int, verb: Callable[[], object]) -> bool:
        """Do something while the power lasts for so many signatures; whether it was cut."""
        self.left = signatures
        try:
            verb()
        except PowerCutError:
            return True
        finally:
            self.left = None
        return False

    def leave(self) -> None:
        self._patch.undo()


class Lifecycle(RuleBasedStateMachine):
    """Two names of one account, and everything that can become of their pairs."""

    def __init__(self, migrated: Path) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database = SqliteDatabase(Path(shutil.copyfile(migrated, self.folder / "directca.sqlite")), synchronous="OFF")
        self.spy = Spy(self.folder / SIGNATURES)
        authority.issuing_ca()  # its own certificate is none of its register's
        self.spy.watch()
        self.world: World = a_world(self.database, strict=True)
        self.promises = Promises()
        upkeep.produce_due_crls(self.world.revocation)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @initialize(years=st.sampled_from((1, 2)))
    def there_is_a_pair(self, years: int) -> None:
        self.issue(NAMES[0], 0, years)

    # --- what happens ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.now < LATEST)
    @rule(span=st.sampled_from(SPANS), attended=st.booleans())
    def time_passes(self, span: float, attended: bool) -> None:
        self.world.clock.advance(seconds=span)
        if attended:
            self.periodic_work_is_done()

    @rule(name=names, key=st.sampled_from((0, 2)), years=st.sampled_from((1, 2)))
    def issue(self, name: str, key: int, years: int) -> None:
        self.evidence()
        made = attempt(lambda: self.world.issue(name, key=number(name, key), years=years))
        taken = self.promises.taken(name, self.now)
        if isinstance(made, Pair):
            assert not taken
            self.promises.add(made, PRICE[years])
        elif made == "compromised_key":
            assert self.compromised(name, key)
        elif made == "weak_key":
            assert self.now + timedelta(days=366 * years) > LAST_OF_RSA_2048
        else:
            assert made == "identifier_in_use"
            assert taken

    @rule(name=names, key=new_keys, years=st.sampled_from((1, 3)))
    def renew(self, name: str, key: int | None, years: int) -> None:
        self.evidence()
        before = self.promises.standing(name, self.now)
        made = attempt(lambda: self.world.renew(name, key=number(name, key), years=years))
        if made == "weak_key":
            assert self.now + timedelta(days=366 * years) > LAST_OF_RSA_2048
            return
        if self.succeeded(name, key, before, made):
            self.promises.add(made, PRICE[years])

    @rule(name=names, key=new_keys, at_once=st.booleans())
    def reissue(self, name: str, key: int | None, at_once: bool) -> None:
        self.evidence()
        before = self.promises.standing(name, self.now)
        made = attempt(lambda: self.world.reissue(name, key=number(name, key), revoke_immediately=at_once))
        if self.succeeded(name, key, before, made):
            assert before is not None
            assert made.record.not_after == before.not_after
            before.revoke_at = self.now.replace(microsecond=0) + OVERLAP
            if at_once:
                before.move("superseded", self.now)
            self.promises.add(made, 0)

    @rule(name=names, reason=st.sampled_from(REASONS))
    def revoke(self, name: str, reason: RevocationReason) -> None:
        changed = self.promises.changed_by(name, reason, self.now)
        made = attempt(lambda: self.world.revoke(reason, name))
        if reason in RESERVED:
            assert made == "reason_reserved"
        elif isinstance(made, Pair):
            self.promises.apply(changed, reason, self.now)
        else:
            assert changed == []

    @rule(
        name=names, key=st.sampled_from((0, 2)), signatures=st.integers(0, 1), verb=st.sampled_from(("issue", "renew", "reissue"))
    )
    def power_is_cut_while_a_pair_is_signed(self, name: str, key: int, signatures: int, verb: str) -> None:
        self.evidence()
        known = set(self.rows())
        ask = getattr(self.world, verb)
        cut = self.spy.power_lasts_for(signatures, lambda: attempt(lambda: ask(name, key=number(name, key))))
        left = [row for identifier, row in self.rows().items() if identifier not in known]
        assert [row["state"] for row in left] == ["intended"] * cut
        for row in left:
            serials = frozenset({int(row["signing_serial"], 16), int(row["encryption_serial"], 16)})
            amount = 0 if verb == "reissue" else PRICE[1]
            self.promises.intents[row["id"]] = Intent(
                name, serials, moment(row["not_after"]), amount, self.now, row["supersedes"]
            )

    @rule(name=names)
    def power_is_cut_while_a_list_is_signed(self, name: str) -> None:
        changed = self.promises.changed_by(name, HOLD, self.now)
        if self.spy.power_lasts_for(0, lambda: attempt(lambda: self.world.revoke(RevocationReason(HOLD), name))):
            self.promises.apply(changed, HOLD, self.now)

    @rule()
    def the_authority_starts(self) -> None:
        self.world.clock.advance(seconds=1)
        settled = reconcile(self.world.issuance, actor="system:start", older_than=timedelta(0))
        assert {one.id for one in settled} == set(self.promises.intents)
        self.promises.settle([one.id for one in settled], self.now)

    @rule()
    def periodic_work_is_done(self) -> None:
        abandoned = {key for key, one in self.promises.intents.items() if one.at.replace(microsecond=0) < self.now - A_MINUTE}
        assert {one.id for one in reconcile(self.world.issuance, actor=upkeep.ACTOR)} == abandoned
        self.promises.settle(abandoned, self.now)
        upkeep.revoke_superseded(self.world.revocation)
        upkeep.revoke_overheld(self.world.revocation)
        self.promises.age(self.now)

    # --- what must be so ---------------------------------------------------------------------------------------------------

    @invariant()
    def the_register_holds_what_was_promised(self) -> None:
        rows = self.rows()
        assert set(rows) == set(self.promises.known) | set(self.promises.intents)
        current = [row["identifier"] for row in rows.values() if row["current"]]
        assert len(set(current)) == len(current)
        with self.database.read() as tx:
            for identifier, promise in self.promises.known.items():
                record = register.by_id(tx, identifier)
                assert record is not None
                assert (record.state, record.revocation_reason) == (promise.state, promise.reason)
                assert (record.revoked_at, record.settled) == (promise.since, promise.settled)
                assert status(record, self.now) == promise.status_at(self.now)
                pair = register.pair_of(tx, record)
                assert (pair.signing.der is None) == (pair.encryption.der is None) == promise.settled

    @invariant()
    def the_list_shows_it_and_relying_parties_accept_no_more_than_was_promised(self) -> None:
        upkeep.produce_due_crls(self.world.revocation)
        published = x509.load_der_x509_crl(crl.published(self.world.revocation, ListId("issuing")).der)
        listed = {entry.serial_number for entry in published}
        assert listed == self.promises.listed(self.list_before(published))
        signed = everything_signed(self.spy.file).certificates if self.spy.file.exists() else ()
        under_way = {serial for one in self.promises.intents.values() for serial in one.serials}
        accepted = {one.serial_number for one in signed if self.now <= one.not_valid_after_utc} - listed
        assert accepted - under_way == self.promises.good(self.now)

    @invariant()
    def money_is_where_it_should_be(self) -> None:
        aside = sum(one.amount for one in self.promises.intents.values())
        balance = self.world.balance()
        assert (balance.available, balance.reserved) == (PLENTY - self.promises.spent - aside, aside)

    def teardown(self) -> None:
        self.world.clock.advance(seconds=61)
        reconcile(self.world.issuance, actor="system:start")
        for _ in range(2):  # the second is made after one past each notAfter
            upkeep.produce_due_crls(self.world.revocation)
            crl.produce(self.world.revocation, ListId("issuing"), actor="system:test")
        self.world.check_books()
        self.database.close()
        self.spy.leave()
        assert inspect(self.database, self.spy.file, self.now).spent == self.promises.spent
        shutil.rmtree(self.folder)

    # --- small things ------------------------------------------------------------------------------------------------------

    def evidence(self) -> None:
        """Everything on file is fresh: what time does to it is another test's subject."""
        self.world.clock.advance(seconds=1)
        self.world.verify_domain()
        self.world.proof()

    def rows(self) -> dict[str, Any]:
        """The records as they are in the database."""
        with self.database.read() as tx:
            return {row.id: row._mapping for row in tx.exec_driver_sql("SELECT * FROM record")}

    def list_before(self, published: x509.CertificateRevocationList) -> datetime | None:
        """The thisUpdate of the list that was published before this one."""
        rank = published.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        statement = "SELECT max(this_update) FROM crl WHERE authority_id = 'issuing' AND published_at IS NOT NULL AND number < ?"
        with self.database.read() as tx:
            found = tx.exec_driver_sql(statement, (rank,)).scalar_one()
        return None if found is None else moment(found)

    def compromised(self, name: str, key: int) -> bool:
        digests = {read_spki(spki_der(one)).modulus_sha256 for one in self.world.keys(number(name, key))}
        return not digests.isdisjoint(self.promises.compromised)

    def succeeded(self, name: str, key: int | None, before: Promise | None, made: Pair | str) -> bool:
        """Whether a successor was made; that it was, or was not, must follow from what was promised."""
        if isinstance(made, Pair):
            assert before is not None
            assert not self.promises.being_succeeded(name)
            before.succeeded = True
            return True
        if made == "compromised_key":
            assert key is not None
            assert self.compromised(name, key)
        elif made == "already_succeeded":
            assert self.promises.being_succeeded(name)
        else:
            assert made in ("not_renewable", "certificate_not_found")
            assert before is None
        return False


def attempt(verb: Callable[[], Pair]) -> Any:
    """The pair, or the slug of the refusal."""
    try:
        return verb()
    except DirectCAError as error:
        return error.slug


def number(name: str, key: int | None) -> Any:
    """Each name has keys of its own."""
    return None if key is None else 4 * NAMES.index(name) + key


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=START.tzinfo)


def test_whatever_happens_register_list_and_money_tell_one_story(migrated: Path) -> None:
    bounds = settings(max_examples=25, stateful_step_count=40)

    class WithTables(Lifecycle):
        def __init__(self) -> None:
            super().__init__(migrated)

    run_state_machine_as_test(WithTables, settings=bounds)
