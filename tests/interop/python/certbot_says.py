"""certbot's own checker of revocation, as it decides whether a certificate must be renewed.

Arguments: the issuer's certificate, then any number of certificates, all files in PEM. One line for each: True if it counts as
revoked, and the status that certbot heard, "nothing" when its check failed.
"""

import logging
import sys

from certbot.ocsp import RevocationChecker


class Heard(logging.Handler):
    """Remembers the status that certbot writes into its log once it believes an answer."""

    status = "nothing"

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if "OCSP certificate status" in said:
            self.status = said.rpartition(" is: ")[2]
        elif record.levelno >= logging.INFO:
            sys.stderr.write(f"{said}\n")


def main(issuer: str, *certificates: str) -> None:
    """Ask about each."""
    heard = Heard()
    logger = logging.getLogger("certbot")
    logger.addHandler(heard)
    logger.setLevel(logging.DEBUG)
    for certificate in certificates:
        heard.status = "nothing"
        revoked = RevocationChecker().ocsp_revoked_by_paths(certificate, issuer)
        sys.stdout.write(f"{revoked} {heard.status}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
