"""The tables of the authorization server. Codes and tokens are found by their SHA-256 under a plain unique index."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, LargeBinary, String, Table

from directca.db.schema import UtcDateTime, metadata

application = Table(
    "application",
    metadata,
    Column("client_id", String(64), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("owner_name", String(200), nullable=False),
    Column("account_id", String(32), ForeignKey("account.id"), index=True),
    Column("confidential", Boolean, nullable=False),
    Column("native", Boolean, nullable=False),
    Column("secret_digest", String(64)),
    Column("redirect_uris", JSON, nullable=False),
    Column("scopes", String(500), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("failed_at", UtcDateTime),
    # The secret before the last one, and until when it is as good.
    Column("previous_digest", String(64)),
    Column("previous_ends_at", UtcDateTime),
    # Who stopped it: `account` may let it go on itself; what the authority stopped stays stopped.
    Column("disabled_by", String(16)),
)

oauth_grant = Table(
    "oauth_grant",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("client_id", String(64), ForeignKey("application.client_id"), nullable=False),
    Column("account_id", String(32), ForeignKey("account.id"), nullable=False),
    Column("person_id", String(32), ForeignKey("person.id"), nullable=False),
    Column("scopes", String(500), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("revoked_because", String(32)),
    Column("auth_time", UtcDateTime),
    Column("acr", String(64)),
    Index(None, "person_id", "status"),
)

authorization_code = Table(
    "authorization_code",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("grant_id", String(32), ForeignKey("oauth_grant.id"), nullable=False, index=True),
    Column("redirect_uri", String(2048), nullable=False),
    Column("challenge", String(43)),
    Column("state", String(16), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
)

oauth_token = Table(
    "oauth_token",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("grant_id", String(32), ForeignKey("oauth_grant.id"), nullable=False, index=True),
    Column("scopes", String(500), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("consumed_at", UtcDateTime),
    Column("successor_seed", LargeBinary(32)),
)
