"""X.509 without I/O: requests, names, key quality, profiles, templates, lints, CRL and OCSP bodies."""
