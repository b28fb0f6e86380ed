"""What keeps the authority from signing. All of it is the operator's, none of it leaves a signature behind.

Unavailable
  SigningStopped     signing_stopped      the kill switch is on, or cannot be read
  KeyUnusable        key_unusable         a key file is missing, damaged, readable by others, or not this CA's
  WrongPassphrase    wrong_passphrase     the passphrase does not open the key file
  FaultySignature    faulty_signature     the key produced a signature that does not verify
"""

from directca.errors import Unavailable


class SigningStopped(Unavailable):
    """Signing is switched off for the whole authority, or whether it is cannot be found out."""

    slug = "signing_stopped"


class KeyUnusable(Unavailable):
    """A CA's key cannot be used as it lies there; the detail says what to do."""

    slug = "key_unusable"
    instead = "The authority cannot sign now, so nothing was issued or charged. Its operator must act; try again later."


class WrongPassphrase(Unavailable):
    """The passphrase does not open the key file."""

    slug = "wrong_passphrase"


class FaultySignature(Unavailable):
    """A signature did not verify and was thrown away: the key or the machine is at fault (one faulty RSA-CRT signature
    gives the key away)."""

    slug = "faulty_signature"


class NotRehearsedError(Exception):
    """A bug, not an answer: something asked for a signature that this CA's rehearsal did not allow, or asked twice."""
