"""What can be wrong with a Direct name."""

from directca.errors import Malformed


class BadDirectName(Malformed):
    """The text is neither a Direct address (`name@domain`) nor a Direct domain, or a certificate cannot carry it."""

    slug = "bad_common_name"
