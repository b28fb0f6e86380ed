"""What the role that serves may do in a PostgreSQL database that another role owns: no more than the stores do.

The owner makes the tables, with `directca db migrate`, and grants what stands here; whoever serves can neither change the tables
nor what was written down for good. A test holds the table against the statements of the code. A privilege that the code stops
using stays until the release after, since nodes of the last one run beside this one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from directca.db.copy_shape import quoted
from directca.db.engine import Tx
from directca.db.errors import DatabaseUnusable, RoleTooPowerful

PRIVILEGES: Mapping[str, str] = {
    "account": "SELECT, INSERT, UPDATE",
    "account_administrator": "SELECT, INSERT, DELETE",
    "account_quota": "SELECT, INSERT, DELETE",
    "address_upload": "SELECT, INSERT, UPDATE",
    "address_upload_row": "SELECT, INSERT",
    "agreement_acceptance": "SELECT, INSERT",
    "alembic_version": "SELECT",
    "application": "SELECT, INSERT, UPDATE",
    "authenticator_app": "SELECT, INSERT, UPDATE, DELETE",
    "authority": "SELECT, INSERT, UPDATE",
    "authorization_code": "SELECT, INSERT, UPDATE, DELETE",
    "balance_alarm": "SELECT, INSERT, UPDATE, DELETE",
    "bulk_revocation": "SELECT, INSERT, UPDATE",
    "bulk_revocation_item": "SELECT, INSERT, UPDATE",
    "case_entry": "SELECT, INSERT",
    "certificate": "SELECT, INSERT, UPDATE (der, tbs)",
    "certificate_order": "SELECT, INSERT, UPDATE",
    "compromise_report": "SELECT, INSERT",
    "compromised_key": "SELECT, INSERT",
    "crl": "SELECT, INSERT, UPDATE",
    "crl_block": "SELECT, INSERT, DELETE",
    "crl_entry": "SELECT, INSERT, DELETE",
    "crl_kept": "SELECT, INSERT, UPDATE",
    "crl_partition": "SELECT, INSERT, UPDATE",
    "domain_attempt": "SELECT, INSERT, UPDATE",
    "domain_challenge": "SELECT, INSERT, UPDATE",
    "domain_claim": "SELECT, INSERT, UPDATE",
    "event": "SELECT, INSERT, DELETE",
    "event_head": "SELECT, INSERT, UPDATE",
    "event_letter": "SELECT, INSERT, UPDATE, DELETE",
    "event_mark": "SELECT, INSERT, UPDATE",
    "event_subscriber": "SELECT, INSERT, UPDATE",
    "expiry_notice": "SELECT, INSERT, UPDATE, DELETE",
    "invitation": "SELECT, INSERT, UPDATE",
    "invoice": "SELECT, INSERT",
    "invoice_mark": "SELECT, INSERT, UPDATE",
    "identity_sign_in": "SELECT, INSERT, UPDATE",
    "journal": "SELECT, INSERT",
    "journal_export": "SELECT, INSERT, UPDATE",
    "journal_head": "SELECT, INSERT, UPDATE (position, digest)",
    "journal_verification": "SELECT, INSERT, UPDATE",
    "known_browser": "SELECT, INSERT, UPDATE, DELETE",
    "lease": "SELECT, INSERT, UPDATE",
    "ledger_balance": "SELECT, INSERT, UPDATE",
    "ledger_movement": "SELECT, INSERT",
    "letter_choice": "SELECT, INSERT, DELETE",
    "mailbox_authority": "SELECT, INSERT, UPDATE",
    "named_address": "SELECT, INSERT",
    "node": "SELECT, INSERT, UPDATE, DELETE",
    "notice_count": "SELECT, INSERT, UPDATE",
    "oauth_grant": "SELECT, INSERT, UPDATE",
    "oauth_token": "SELECT, INSERT, UPDATE, DELETE",
    "ocsp_responder": "SELECT, INSERT, UPDATE",
    "organization": "SELECT, INSERT, UPDATE",
    "organization_person": "SELECT, INSERT, UPDATE, DELETE",
    "passkey": "SELECT, INSERT, UPDATE, DELETE",
    "person": "SELECT, INSERT, UPDATE",
    "person_role": "SELECT, INSERT, DELETE",
    "person_session": "SELECT, INSERT, UPDATE, DELETE",
    "proofing": "SELECT, INSERT, UPDATE",
    "proposal": "SELECT, INSERT, UPDATE",
    "proposal_opinion": "SELECT, INSERT",
    "proposal_record": "SELECT, INSERT",
    "rate_use": "SELECT, INSERT, UPDATE, DELETE",
    "record": "SELECT, INSERT, UPDATE",
    "recovery_code": "SELECT, INSERT, UPDATE, DELETE",
    "responder_key": "SELECT, INSERT, DELETE",
    "schema_step": "SELECT",
    "sign_in_budget": "SELECT, INSERT, UPDATE, DELETE",
    "sign_up": "SELECT, INSERT, UPDATE, DELETE",
    "signing_switch": "SELECT, INSERT, UPDATE",
    "status_change": "SELECT, INSERT, DELETE",
    "status_count": "SELECT, INSERT, UPDATE",  # by the triggers, which run as whoever sets them off
    "top_up": "SELECT, INSERT, UPDATE",
    "vetting_case": "SELECT, INSERT, UPDATE",
    "vetting_change": "SELECT, UPDATE (number)",  # by the triggers, which run as whoever sets them off
    "webhook": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_attempt": "SELECT, INSERT, DELETE",
    "webhook_delivery": "SELECT, INSERT, UPDATE, DELETE",
}
"""Each table, and what GRANT lets the role do with it."""

FOR_GOOD = frozenset(
    name for name, granted in PRIVILEGES.items() if not re.search("UPDATE|DELETE", granted) or name == "journal_head"
)
"""The tables in which nothing is ever changed or taken away, and the end of the journal's chain. A server does not start while it
could do more to one of them."""

_ONE = re.compile(r"([A-Z]+)(?: \(([a-z_, ]+)\))?")

# Whatever the role can become with SET ROLE counts as its own. A superuser can become anybody.
_POWERS = text("""
    SELECT r.rolname AS as_role, found.power
    FROM pg_roles r, pg_database d, pg_namespace n,
    LATERAL (VALUES
        ('is a superuser', r.rolsuper),
        ('makes roles', r.rolcreaterole),
        ('uses the files or programs of the server',
            r.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')),
        ('owns the database', d.datdba = r.oid),
        ('owns the schema', n.nspowner = r.oid),
        ('owns tables', EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relowner = r.oid)),
        ('owns functions', EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid AND p.proowner = r.oid)),
        ('makes schemas', has_database_privilege(r.oid, d.oid, 'CREATE')),
        ('makes temporary tables', has_database_privilege(r.oid, d.oid, 'TEMPORARY')),
        ('makes tables', has_schema_privilege(r.oid, n.oid, 'CREATE'))
    ) AS found (power, has)
    WHERE pg_has_role(:role, r.oid, 'MEMBER') AND d.datname = current_database() AND n.nspname = current_schema()
        AND found.has
    ORDER BY r.rolname != :role, r.rolname, found.power
""")
_HELD = text("""
    SELECT c.relname AS of, p.privilege, coalesce(a.attname, '') AS attname, bool_or(r.rolname = :role) AS own
    FROM pg_roles r
    JOIN pg_class c ON c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND NOT has_table_privilege(r.oid, c.oid, p.privilege)
        AND CASE WHEN p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
            THEN has_column_privilege(r.oid, c.oid, a.attnum, p.privilege) ELSE false END
    WHERE pg_has_role(:role, r.oid, 'MEMBER') AND (has_table_privilege(r.oid, c.oid, p.privilege) OR a.attname IS NOT NULL)
    GROUP BY c.relname, p.privilege, a.attname
""")
_TABLES = text("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')")
_SEQUENCES = text("""
    SELECT c.relname AS of, pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
        AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL
""")

Privilege = tuple[str, str, str]
"""A table, what may be done with it, and with which column; an empty name means all of them."""


@dataclass(frozen=True)
class Standing:
    """How what a role can do differs from what it is to do, in the words of messages."""

    role: str
    powers: tuple[str, ...]
    """What it can do beyond tables' rows; nothing is as it should be."""

    beyond: tuple[Privilege, ...]
    lacking: tuple[Privilege, ...]

    @property
    def dangers(self) -> tuple[str, ...]:
        """Why a server must not serve as this role."""
        return (*self.powers, *(said(one) for one in self.beyond if one[0] in FOR_GOOD))


def grant(tx: Tx, role: str) -> None:
    """Let a role do what the table says and nothing else, as the owner, in the transaction that changes the tables.

    Raises DatabaseUnusable for a role that is not there, RoleTooPowerful for one that can do more in another way.
    """
    if tx.execute(text("SELECT FROM pg_roles WHERE rolname = :role"), {"role": role}).first() is None:
        raise DatabaseUnusable(f"The server has no role {role}, which storage.database names. Make it first.")
    schema, database = tx.execute(text("SELECT current_schema(), current_database()")).one()
    to, here = quoted(role), quoted(schema)
    for kind in ("TABLES", "SEQUENCES"):
        tx.exec_driver_sql(f"REVOKE ALL ON ALL {kind} IN SCHEMA {here} FROM PUBLIC, {to}")
    tx.exec_driver_sql(f"REVOKE CREATE ON SCHEMA {here} FROM PUBLIC, {to}")
    tx.exec_driver_sql(f"REVOKE CREATE, TEMPORARY ON DATABASE {quoted(database)} FROM PUBLIC, {to}")
    tx.exec_driver_sql(f"GRANT CONNECT ON DATABASE {quoted(database)} TO {to}")
    tx.exec_driver_sql(f"GRANT USAGE ON SCHEMA {here} TO {to}")
    present = _tables(tx)
    for table in sorted(present & PRIVILEGES.keys()):
        tx.exec_driver_sql(f"GRANT {PRIVILEGES[table]} ON TABLE {quoted(table)} TO {to}")
    for of, sequence in tx.execute(_SEQUENCES).all():
        if "INSERT" in PRIVILEGES.get(of, ""):
            tx.exec_driver_sql(f"GRANT USAGE ON SEQUENCE {sequence} TO {to}")
    check(tx, role)


def check(tx: Tx, role: str | None = None) -> None:
    """Raise RoleTooPowerful when a role, by default the one of the connection, could change what is written for good, or the
    tables; DatabaseUnusable when it can do less than it has to."""
    found = standing(tx, role)
    if found.dangers:
        raise RoleTooPowerful(
            f"The role {found.role} can do more than serving needs, though storage.database_owner names another: "
            f"{'; '.join(found.dangers[:3])}. Give the command `directca db migrate`, and take away what it names then."
        )
    _check_enough(found)


def check_enough(tx: Tx) -> None:
    """Raise DatabaseUnusable when the role of the connection can do less than serving needs, as after a wrong REVOKE."""
    _check_enough(standing(tx))


def _check_enough(found: Standing) -> None:
    if found.lacking:
        raise DatabaseUnusable(
            f"The role {found.role} lacks {said(found.lacking[0])}. Give the command `directca db migrate`, which grants it."
        )


def standing(tx: Tx, role: str | None = None) -> Standing:
    """How a role, by default the one of the connection, stands. Raises DatabaseUnusable when it cannot be told."""
    current, schema = tx.execute(text("SELECT session_user, current_schema()")).one()
    role = role or current
    if schema is None:  # every question about it would be answered with NULL, which is no danger
        raise DatabaseUnusable(f"The role {role} has no schema to work in. Give the command `directca db migrate`.")
    powers = [
        f"it {row.power}" if row.as_role == role else f"as {row.as_role} it {row.power}"
        for row in tx.execute(_POWERS, {"role": role})
    ]
    rows = tx.execute(_HELD, {"role": role}).all()
    held = {(row.of, row.privilege, row.attname) for row in rows}
    own = {(row.of, row.privilege, row.attname) for row in rows if row.own}
    wanted = {one for table in _tables(tx) & PRIVILEGES.keys() for one in _wanted(table)}
    lacking = {one for one in wanted - own if (one[0], one[1], "") not in own}
    return Standing(role, tuple(powers), tuple(sorted(held - wanted)), tuple(sorted(lacking)))


def said(one: Privilege) -> str:
    """A privilege in words: `UPDATE (digest) on journal_head`."""
    table, privilege, column = one
    return f"{privilege} ({column}) on {table}" if column else f"{privilege} on {table}"


def _wanted(table: str) -> set[Privilege]:
    found: set[Privilege] = set()
    for privilege, columns in _ONE.findall(PRIVILEGES[table]):
        found |= {(table, privilege, column.strip()) for column in columns.split(",")}
    return found


def _tables(tx: Tx) -> set[str]:
    return set(tx.execute(_TABLES).scalars())
