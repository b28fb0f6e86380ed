"""Revoke, hold, release; CRL production; OCSP answers."""
