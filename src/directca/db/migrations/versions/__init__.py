"""One file per step, oldest first by its number."""
