"""Engine, transactions, leases, and every difference between PostgreSQL and SQLite."""
