"""PKCS #12 files for mail programs: one per certificate, since a Direct agent holds signing and encryption keys apart."""

import sys
from pathlib import Path

import typer

from directca.cli.client import keys, private_files
from directca.cli.client.failures import Misused
from directca.cli.client.records import Record


def password(file: Path | None) -> bytes:
    """The password of a file's first line, or one that the user types twice."""
    if file is None:
        if not sys.stdin.isatty():
            raise Misused("Nobody is there to type a password for --p12. Give one with --p12-password-file.")
        return str(typer.prompt("Password for the PKCS #12 files", hide_input=True, confirmation_prompt=True, err=True)).encode()
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise Misused(f"Cannot read {file}: {error.strerror}.") from None
    if not lines or not lines[0]:
        raise Misused(f"{file} holds no password on its first line.")
    return lines[0]


def write(path: Path, record: Record, found: dict[str, keys.PrivateKey], secret: bytes) -> None:
    """Write `signing.p12` and `encryption.p12`, as far as the keys are at hand."""
    for role, certificate in keys.certificates(record):
        if role in found:
            content = keys.bundle(record.identifier, found[role], certificate, record.chain or "", secret)
            private_files.replace(path / f"{role}.p12", content)
