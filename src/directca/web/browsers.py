"""What a browser is called, so that its owner knows it again: `Firefox on Windows`.

Browsers give one another's names before their own (RFC 9110 10.1.5 lets them): the first of these lists that is found is the true
one. A reader's hint and no more: nothing is decided by it, and whoever signs in may send any name.
"""

import re

_PROGRAMS = (
    ("EdgA?", "Edge"),
    ("EdgiOS", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("(?:Headless)?Chrome", "Chrome"),
    ("Version/[0-9.]+ (?:Mobile/[0-9A-Za-z]+ )?Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "a Mac"),
    ("Linux|X11", "Linux"),
)
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,39}")


def name(agent: str) -> str:
    """The program and the system that a User-Agent header speaks of, as far as they are known."""
    program = _first(_PROGRAMS, agent, r"\b(?:{})/")
    system = _first(_SYSTEMS, agent, r"\b(?:{})")
    if program is None and not agent.startswith("Mozilla/"):
        # A program that pretends to be no browser gives its own name first: `curl/8.5.0`.
        product = _PRODUCT.match(agent)
        program = product[0].strip() if product else None
    program = program or "A browser"
    return f"{program} on {system}" if system else program


def _first(names: tuple[tuple[str, str], ...], agent: str, around: str) -> str | None:
    return next((known for pattern, known in names if re.search(around.format(pattern), agent)), None)
