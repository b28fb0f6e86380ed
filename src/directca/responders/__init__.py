"""Relying parties: OCSP, CRL, AIA over HTTP; later CERT over DNS, entries over LDAP."""
