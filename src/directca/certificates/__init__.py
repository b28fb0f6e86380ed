"""The register of records and certificates, their lifecycle, the query."""
