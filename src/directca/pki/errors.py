"""What can be wrong with a certification request, its key, or the policy. Each slug is a code of the published API.

Malformed
  BadCsr                 bad_csr                the bytes, the structure, the subject, or the request's own signature
  UnsupportedAlgorithm   unsupported_algorithm  signed in a way that proves nothing today
  UnsupportedKey         unsupported_key        a kind of key that Direct does not certify
  WeakKey                weak_key               a key that somebody else may know
  CommonNameMismatch     common_name_mismatch   the two requests of a pair name different subjects
  SameKeyTwice           same_key_twice         one key for both purposes
  BadProof               bad_proof              nothing that shows that a key is compromised
Unavailable
  BlocklistDamaged       blocklist_damaged      a list of keys to refuse cannot be trusted, so nothing is checked against it
  BadPolicy              bad_policy             the policy file cannot be used
"""

from directca.errors import Malformed, Unavailable


class BadCsr(Malformed):
    """Not a certification request that can be certified: wrong encoding, structure, subject or signature."""

    slug = "bad_csr"


class UnsupportedAlgorithm(Malformed):
    """The request is not signed with RSA (PKCS #1 v1.5 or PSS) over SHA-256, SHA-384 or SHA-512."""

    slug = "unsupported_algorithm"


class UnsupportedKey(Malformed):
    """The key is not an RSA key: Direct's acceptance policy knows no other."""

    slug = "unsupported_key"


class WeakKey(Malformed):
    """The key failed one of the quality checks; the detail names it. Make a new key with up-to-date software."""

    slug = "weak_key"


class CommonNameMismatch(Malformed):
    """The signing and the encryption request of one pair have different common names."""

    slug = "common_name_mismatch"


class SameKeyTwice(Malformed):
    """The signing and the encryption request of one pair have one key, or keys that share a factor."""

    slug = "same_key_twice"


class BadProof(Malformed):
    """What was sent does not prove that a key is compromised; nothing was revoked. The detail says what is wrong with it."""

    slug = "bad_proof"


class BlocklistDamaged(Unavailable):
    """A list of weak or compromised keys is missing, altered or unreadable; until the operator restores it nothing starts."""

    slug = "blocklist_damaged"


class BadPolicy(Unavailable):
    """The policy file cannot be used, or does not enable what was asked for; the detail names the key."""

    slug = "bad_policy"
