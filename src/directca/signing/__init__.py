"""The only room that sees private keys: signer port, file and PKCS#11 keys, rehearsal."""
