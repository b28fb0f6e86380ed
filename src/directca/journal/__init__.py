"""What happened: audit rows and outbox, written in the transaction of the change."""
