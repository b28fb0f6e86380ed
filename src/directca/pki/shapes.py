"""How many values a structure has: the question to ask before they are taken apart."""

from directca.pki import der


def exactly(count: int, found: list[der.Element]) -> list[der.Element]:
    """The values, if there are `count` of them. Raises DerError otherwise."""
    if len(found) != count:
        raise der.DerError(f"{len(found)} values where {count} belong.")
    return found


def identified(found: list[der.Element]) -> tuple[der.Element, list[der.Element]]:
    """The object identifier that stands first, and what follows it. Raises DerError when there is none."""
    if not found:
        raise der.DerError("Nothing where an object identifier belongs.")
    der.read_oid(found[0])
    return found[0], found[1:]
