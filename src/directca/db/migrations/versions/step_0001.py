"""The first schema."""

import sqlalchemy as sa
from alembic import op

from directca.db.schema import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "authority",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("subject_dn", sa.String(), nullable=False),
        sa.Column("certificate_der", sa.LargeBinary(), nullable=False),
        sa.Column("key_reference", sa.String(), nullable=False),
        sa.Column("not_after", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("status_version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["authority.id"], name=op.f("fk_authority_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority")),
    )
    op.create_table(
        "certificate_order",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("duration_years", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("policy_sha256", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_order")),
        sa.UniqueConstraint("account_id", "idempotency_key", name=op.f("uq_certificate_order_account_id_idempotency_key")),
    )
    op.create_table(
        "journal",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_digest", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_subject"), "journal", ["subject"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "sign_in_budget",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("open_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_budget")),
    )
    op.create_index(op.f("ix_sign_in_budget_used_at"), "sign_in_budget", ["used_at"], unique=False)
    op.create_table(
        "signing_switch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_switch")),
    )
    op.create_table(
        "application",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("owner_name", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("native", sa.Boolean(), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=True),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.String(length=500), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_application_account_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_application")),
    )
    op.create_index(op.f("ix_application_account_id"), "application", ["account_id"], unique=False)
    op.create_table(
        "crl",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("this_update", UtcDateTime(), nullable=False),
        sa.Column("next_update", UtcDateTime(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("status_version", sa.BigInteger(), nullable=False),
        sa.Column("tbs_sha256", sa.String(length=64), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_crl_authority_id")),
        sa.PrimaryKeyConstraint("authority_id", "number", name=op.f("pk_crl")),
    )
    op.create_index("ix_crl_published", "crl", ["authority_id", "published_at", "number"], unique=False)
    op.create_table(
        "ledger_balance",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("ck_ledger_balance_available")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_ledger_balance_reserved")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ledger_balance_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_ledger_balance")),
    )
    op.create_table(
        "ledger_movement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_ledger_movement_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ledger_movement_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_movement")),
        sa.UniqueConstraint("account_id", "reference", name=op.f("uq_ledger_movement_account_id_reference")),
        sa.UniqueConstraint("order_id", "step", name=op.f("uq_ledger_movement_order_id_step")),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("legal_name", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("locality", sa.String(), nullable=False),
        sa.Column("organizational_units", sa.JSON(), nullable=False),
        sa.Column("organization_types", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_organization_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.create_index(op.f("ix_organization_account_id"), "organization", ["account_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_person_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("username", name=op.f("uq_person_username")),
    )
    op.create_index(op.f("ix_person_account_id"), "person", ["account_id"], unique=False)
    op.create_table(
        "record",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(length=64), nullable=False),
        sa.Column("identifier_reversed", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("organization_type", sa.String(), nullable=False),
        sa.Column("subject_dn", sa.String(), nullable=False),
        sa.Column("issuer_dn", sa.String(), nullable=False),
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("not_after", UtcDateTime(), nullable=False),
        sa.Column("duration_years", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("signing_serial", sa.String(length=40), nullable=False),
        sa.Column("encryption_serial", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("supersedes", sa.String(length=32), nullable=True),
        sa.Column("superseded_by", sa.String(length=32), nullable=True),
        sa.Column("revoke_at", UtcDateTime(), nullable=True),
        sa.Column("revocation_reason", sa.String(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_record_authority_id")),
        sa.ForeignKeyConstraint(["superseded_by"], ["record.id"], name=op.f("fk_record_superseded_by")),
        sa.ForeignKeyConstraint(["supersedes"], ["record.id"], name=op.f("fk_record_supersedes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
    )
    op.create_index("ix_record_account", "record", ["account_id", "position", "identifier"], unique=False)
    op.create_index("ix_record_account_identifier", "record", ["account_id", "identifier", "position"], unique=False)
    op.create_index("ix_record_account_reversed", "record", ["account_id", "identifier_reversed", "position"], unique=False)
    op.create_index("ix_record_encryption_serial", "record", ["account_id", "encryption_serial"], unique=False)
    op.create_index("ix_record_identifier", "record", ["identifier"], unique=False)
    op.create_index(
        "ix_record_not_issued",
        "record",
        ["authority_id", "state", "not_after"],
        unique=False,
        sqlite_where=sa.text("state != 'issued'"),
        postgresql_where=sa.text("state != 'issued'"),
    )
    op.create_index("ix_record_organization", "record", ["organization_id", "settled"], unique=False)
    op.create_index(
        "ix_record_revoke_at",
        "record",
        ["revoke_at"],
        unique=False,
        sqlite_where=sa.text("revoke_at IS NOT NULL"),
        postgresql_where=sa.text("revoke_at IS NOT NULL"),
    )
    op.create_index("ix_record_signing_serial", "record", ["account_id", "signing_serial"], unique=False)
    op.create_index(
        "uq_record_current",
        "record",
        ["identifier"],
        unique=True,
        sqlite_where=sa.text("current IS 1"),
        postgresql_where=sa.text("current IS true"),
    )
    op.create_index("uq_record_position", "record", ["position"], unique=True)
    op.create_index(
        "uq_record_successor",
        "record",
        ["supersedes"],
        unique=True,
        sqlite_where=sa.text("supersedes IS NOT NULL"),
        postgresql_where=sa.text("supersedes IS NOT NULL"),
    )
    op.create_table(
        "agreement_acceptance",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("accepted_by", sa.String(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_agreement_acceptance_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "version", name=op.f("pk_agreement_acceptance")),
    )
    op.create_table(
        "certificate",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("usage", sa.String(), nullable=False),
        sa.Column("modulus_sha256", sa.String(length=64), nullable=False),
        sa.Column("tbs_sha256", sa.String(length=64), nullable=False),
        sa.Column("tbs", sa.LargeBinary(), nullable=True),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_certificate_authority_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_certificate_record_id")),
        sa.PrimaryKeyConstraint("authority_id", "serial", name=op.f("pk_certificate")),
    )
    op.create_index("ix_certificate_spki", "certificate", ["modulus_sha256"], unique=False)
    op.create_index("uq_certificate_record", "certificate", ["record_id", "usage"], unique=True)
    op.create_table(
        "compromised_key",
        sa.Column("modulus_sha256", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_compromised_key_record_id")),
        sa.PrimaryKeyConstraint("modulus_sha256", name=op.f("pk_compromised_key")),
    )
    op.create_table(
        "domain_claim",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_domain_claim_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_claim")),
    )
    op.create_index(op.f("ix_domain_claim_organization_id"), "domain_claim", ["organization_id"], unique=False)
    op.create_index(
        "uq_domain_claim_held",
        "domain_claim",
        ["domain"],
        unique=True,
        sqlite_where=sa.text("state = 'verified'"),
        postgresql_where=sa.text("state = 'verified'"),
    )
    op.create_table(
        "known_browser",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_known_browser_person_id")),
        sa.PrimaryKeyConstraint("id", "person_id", name=op.f("pk_known_browser")),
    )
    op.create_index(op.f("ix_known_browser_ends_at"), "known_browser", ["ends_at"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("movement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ledger", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["movement_id"], ["ledger_movement.id"], name=op.f("fk_ledger_entry_movement_id")),
        sa.PrimaryKeyConstraint("movement_id", "ledger", name=op.f("pk_ledger_entry")),
    )
    op.create_table(
        "mailbox_authority",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_mailbox_authority_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_authority")),
    )
    op.create_index(
        "uq_mailbox_authority_granted",
        "mailbox_authority",
        ["organization_id", "domain", "mailbox"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "oauth_grant",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=500), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_because", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_oauth_grant_account_id")),
        sa.ForeignKeyConstraint(["client_id"], ["application.client_id"], name=op.f("fk_oauth_grant_client_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_oauth_grant_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_grant")),
    )
    op.create_index(op.f("ix_oauth_grant_person_id_status"), "oauth_grant", ["person_id", "status"], unique=False)
    op.create_table(
        "person_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_session_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_session")),
    )
    op.create_index(op.f("ix_person_session_ends_at"), "person_session", ["ends_at"], unique=False)
    op.create_index(op.f("ix_person_session_person_id_began_at"), "person_session", ["person_id", "began_at"], unique=False)
    op.create_table(
        "proofing",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("representative", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("evidence_type", sa.String(), nullable=False),
        sa.Column("evidence_number", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("proofed_at", UtcDateTime(), nullable=False),
        sa.Column("declared_by_representative", sa.Boolean(), nullable=False),
        sa.Column("declared_by_verifier", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_proofing_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proofing")),
    )
    op.create_index(
        op.f("ix_proofing_organization_id_status_proofed_at"),
        "proofing",
        ["organization_id", "status", "proofed_at"],
        unique=False,
    )
    op.create_table(
        "authorization_code",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2048), nullable=False),
        sa.Column("challenge", sa.String(length=43), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["oauth_grant.id"], name=op.f("fk_authorization_code_grant_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_authorization_code")),
    )
    op.create_index(op.f("ix_authorization_code_expires_at"), "authorization_code", ["expires_at"], unique=False)
    op.create_index(op.f("ix_authorization_code_grant_id"), "authorization_code", ["grant_id"], unique=False)
    op.create_table(
        "oauth_token",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("consumed_at", UtcDateTime(), nullable=True),
        sa.Column("successor_seed", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["oauth_grant.id"], name=op.f("fk_oauth_token_grant_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_oauth_token")),
    )
    op.create_index(op.f("ix_oauth_token_expires_at"), "oauth_token", ["expires_at"], unique=False)
    op.create_index(op.f("ix_oauth_token_grant_id"), "oauth_token", ["grant_id"], unique=False)
