"""TUser accounts, people, roles, credentials, sessions, the ledger."""
