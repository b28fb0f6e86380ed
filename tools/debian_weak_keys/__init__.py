"""Computes the list of Debian's weak RSA-2048 keys that the product ships, and says how it was checked."""
