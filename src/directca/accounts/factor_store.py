"""The tables of second factors. An app whose `last_step` is NULL has not shown a code yet, and counts for nothing."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from directca.accounts.factor import App, Factor, FactorKind, HeldFactors, Passkey
from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata

authenticator_app = Table(
    "authenticator_app",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id"), nullable=False, index=True),
    Column("name", String(60), nullable=False),
    # AES-256-GCM under the authority's passphrase: a stolen table makes no codes.
    Column("sealed", LargeBinary, nullable=False),
    Column("last_step", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

# Found by the SHA-256 of the credential's id, which may have up to 1023 octets.
passkey = Table(
    "passkey",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id"), nullable=False, index=True),
    Column("name", String(60), nullable=False),
    Column("credential_id", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

# 80 random bits each, so their SHA-256 with the person's id is enough: there is nothing to guess.
recovery_code = Table(
    "recovery_code",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id"), nullable=False, index=True),
    Column("used_at", UtcDateTime),
)


def held(tx: Tx, person_id: str) -> HeldFactors:
    """What a person can show, oldest first."""
    tables = (FactorKind.APP, authenticator_app), (FactorKind.PASSKEY, passkey)
    found = []
    for kind, table in tables:
        columns = (table.c.id, table.c.name, table.c.created_at, table.c.used_at)
        chosen = select(*columns).where(table.c.person_id == person_id)
        if kind is FactorKind.APP:
            chosen = chosen.where(table.c.last_step.is_not(None))
        found += [Factor(row.id, kind, row.name, row.created_at, row.used_at) for row in tx.execute(chosen)]
    unused = (recovery_code.c.person_id == person_id) & recovery_code.c.used_at.is_(None)
    left = tx.execute(select(func.count()).select_from(recovery_code).where(unused)).scalar_one()
    return HeldFactors(tuple(sorted(found, key=lambda one: (one.created_at, one.id))), left)


def apps(tx: Tx, person_id: str) -> tuple[App, ...]:
    """The apps of a person that have shown a code before."""
    found = select(authenticator_app).where(
        authenticator_app.c.person_id == person_id, authenticator_app.c.last_step.is_not(None)
    )
    return tuple(_app(row) for row in tx.execute(found))


def waiting_app(tx: Tx, person_id: str) -> App | None:
    """The app that has not shown a code yet."""
    found = select(authenticator_app).where(authenticator_app.c.person_id == person_id, authenticator_app.c.last_step.is_(None))
    row = tx.execute(found).first()
    return None if row is None else _app(row)


def any_sealed(tx: Tx) -> bytes | None:
    """Any secret as it is sealed, so that the next one can be sealed alike."""
    return tx.execute(select(authenticator_app.c.sealed).limit(1)).scalar_one_or_none()


def add_waiting_app(tx: Tx, app: App) -> None:
    """Keep an app that has not shown a code yet, in place of an earlier one."""
    waiting = (authenticator_app.c.person_id == app.person_id) & authenticator_app.c.last_step.is_(None)
    tx.execute(delete(authenticator_app).where(waiting))
    tx.execute(
        insert(authenticator_app).values(
            id=app.id, person_id=app.person_id, name=app.name, sealed=app.sealed, created_at=app.created_at
        )
    )


def confirm_app(tx: Tx, app_id: str, name: str, step: int, at: datetime) -> bool:
    """Its first code was right; False if the app has shown one already, or is gone."""
    waiting = (authenticator_app.c.id == app_id) & authenticator_app.c.last_step.is_(None)
    values = {"name": name, "last_step": step, "used_at": at}
    return tx.execute(update(authenticator_app).where(waiting).values(values)).rowcount == 1


def spend_step(tx: Tx, app_id: str, step: int, at: datetime) -> bool:
    """Take the code of a time step; False if it, or a later one, was taken before: each is good once (RFC 6238 5.2)."""
    fresh = (authenticator_app.c.id == app_id) & (authenticator_app.c.last_step < step)
    return tx.execute(update(authenticator_app).where(fresh).values(last_step=step, used_at=at)).rowcount == 1


def passkeys(tx: Tx, person_id: str) -> tuple[Passkey, ...]:
    """The passkeys of a person."""
    found = select(passkey).where(passkey.c.person_id == person_id).order_by(passkey.c.created_at, passkey.c.id)
    return tuple(_passkey(row) for row in tx.execute(found))


def add_passkey(tx: Tx, new: Passkey, at: datetime) -> bool:
    """Keep a passkey, which has just been used; False if anybody has it already."""
    if tx.execute(select(passkey.c.id).where(passkey.c.id == new.id)).first() is not None:
        return False
    tx.execute(
        insert(passkey).values(
            id=new.id,
            person_id=new.person_id,
            name=new.name,
            credential_id=new.credential_id,
            public_key=new.public_key,
            sign_count=new.sign_count,
            created_at=at,
            used_at=at,
        )
    )
    return True


def spend_count(tx: Tx, used: Passkey, count: int, at: datetime) -> bool:
    """Write down how often a passkey signed; False if somebody else did meanwhile, or it is gone."""
    same = (passkey.c.id == used.id) & (passkey.c.sign_count == used.sign_count)
    return tx.execute(update(passkey).where(same).values(sign_count=count, used_at=at)).rowcount == 1


def replace_codes(tx: Tx, person_id: str, ids: list[str]) -> None:
    """Give a person other recovery codes; those before are worth nothing."""
    tx.execute(delete(recovery_code).where(recovery_code.c.person_id == person_id))
    if ids:
        tx.execute(insert(recovery_code), [{"id": one, "person_id": person_id} for one in ids])


def spend_code(tx: Tx, person_id: str, code_id: str, at: datetime) -> bool:
    """Take a recovery code; False if it is none of this person's, or was taken before."""
    unused = (recovery_code.c.id == code_id) & (recovery_code.c.person_id == person_id) & recovery_code.c.used_at.is_(None)
    return tx.execute(update(recovery_code).where(unused).values(used_at=at)).rowcount == 1


def remove(tx: Tx, person_id: str, factor_id: str) -> FactorKind | None:
    """Take one of a person's factors away; tells which kind it was, None if the person has none of this id."""
    for kind, table in ((FactorKind.APP, authenticator_app), (FactorKind.PASSKEY, passkey)):
        if tx.execute(delete(table).where(table.c.id == factor_id, table.c.person_id == person_id)).rowcount == 1:
            return kind
    return None


def remove_all(tx: Tx, person_id: str) -> int:
    """Take every factor and code away; tells how many factors there were."""
    tx.execute(delete(recovery_code).where(recovery_code.c.person_id == person_id))
    tables = authenticator_app, passkey
    return sum(tx.execute(delete(table).where(table.c.person_id == person_id)).rowcount for table in tables)


def has_factor(person_id: Any) -> Any:
    """Whether a person has anything to show, as a condition; `person_id` is the person's, or a column that holds it."""
    app = select(authenticator_app.c.id).where(
        authenticator_app.c.person_id == person_id, authenticator_app.c.last_step.is_not(None)
    )
    key = select(passkey.c.id).where(passkey.c.person_id == person_id)
    return or_(app.exists(), key.exists())


def has_any(tx: Tx, person_id: str) -> bool:
    """Whether a person has anything to show."""
    return bool(tx.execute(select(has_factor(person_id))).scalar_one())


def _app(row: Any) -> App:
    return App(row.id, row.person_id, row.name, row.sealed, row.last_step, row.created_at)


def _passkey(row: Any) -> Passkey:
    return Passkey(row.id, row.person_id, row.name, row.credential_id, row.public_key, row.sign_count)
