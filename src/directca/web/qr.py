"""A QR code (ISO/IEC 18004) of a short address, for the camera of a telephone: bytes, level M, versions 1 to 10, one mask.

Written here because it is a hundred lines that never change, and the address holds a secret that should pass through few hands.
"""

from collections.abc import Iterator
from itertools import zip_longest

# Of each version: the error correction octets of a block, and the data octets of every block (table 9, level M).
_BLOCKS: dict[int, tuple[int, tuple[int, ...]]] = {
    1: (10, (16,)),
    2: (16, (28,)),
    3: (26, (44,)),
    4: (18, (32, 32)),
    5: (24, (43, 43)),
    6: (16, (27, 27, 27, 27)),
    7: (18, (31, 31, 31, 31)),
    8: (22, (38, 38, 39, 39)),
    9: (22, (36, 36, 36, 37, 37)),
    10: (26, (43, 43, 43, 43, 44)),
}
_BYTES, _LONG_COUNT = 0b0100, 10
_PADDING = 0xEC, 0x11
_FIELD, _FORMAT, _VERSION = 0x11D, 0x537, 0x1F25
_FORMAT_MASK = 0x5412
_QUIET = 4

Module = tuple[int, int]


def path_of(text: str) -> tuple[int, str] | None:
    """The width of the code with its quiet zone, and its dark modules as the path of an SVG; None for what is too long."""
    grid = matrix(text)
    if grid is None:
        return None
    dark = ((row, column) for row, line in enumerate(grid) for column, bit in enumerate(line) if bit)
    return len(grid) + 2 * _QUIET, "".join(f"M{column + _QUIET} {row + _QUIET}h1v1h-1z" for row, column in dark)


def matrix(text: str) -> list[list[bool]] | None:
    """The modules, dark is true; None for what is too long."""
    content = text.encode()
    version = next((one for one in _BLOCKS if _fits(content, one)), None)
    if version is None:
        return None
    size = 17 + 4 * version
    fixed = _fixed(version, size)
    bits = (bool(octet >> place & 1) for octet in _codewords(content, version) for place in range(7, -1, -1))
    for row, column in _way(size, fixed):
        fixed[row, column] = next(bits, False) ^ ((row + column) % 2 == 0)
    return [[fixed[row, column] for column in range(size)] for row in range(size)]


def _fits(content: bytes, version: int) -> bool:
    header = 20 if version >= _LONG_COUNT else 12
    return header + 8 * len(content) <= 8 * sum(_BLOCKS[version][1])


def _codewords(content: bytes, version: int) -> Iterator[int]:
    """Data and error correction, interleaved (7.4, 7.5, 7.6)."""
    correction, blocks = _BLOCKS[version]
    count = 16 if version >= _LONG_COUNT else 8
    bits = f"{_BYTES:04b}{len(content):0{count}b}" + "".join(f"{octet:08b}" for octet in content)
    room = 8 * sum(blocks)
    bits = (bits + "0000")[:room]
    bits += "0" * (-len(bits) % 8)
    octets = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    octets += [_PADDING[place % 2] for place in range(room // 8 - len(octets))]
    parts, start = [], 0
    for length in blocks:
        parts.append(octets[start : start + length])
        start += length
    for group in (parts, [_corrected(part, correction) for part in parts]):
        yield from (octet for column in zip_longest(*group) for octet in column if octet is not None)


def _corrected(data: list[int], length: int) -> list[int]:
    """The remainder of a division by the Reed-Solomon generator in GF(256)."""
    generator = [1]
    root = 1
    for _ in range(length):
        generator = [a ^ _times(b, root) for a, b in zip([*generator, 0], [0, *generator], strict=True)]
        root = _times(root, 2)
    rest = data + [0] * length
    for place in range(len(data)):
        factor = rest[place]
        for offset, term in enumerate(generator):
            rest[place + offset] ^= _times(term, factor)
    return rest[len(data) :]


def _times(a: int, b: int) -> int:
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (_FIELD if a & 0x80 else 0)
        b >>= 1
    return product


def _fixed(version: int, size: int) -> dict[Module, bool]:
    """Everything but the data."""
    return {
        **_finders(size),
        **{at: place % 2 == 0 for place in range(8, size - 8) for at in ((6, place), (place, 6))},
        **_alignments(version, size),
        **_told(version, size),
        (size - 8, 8): True,
    }


def _finders(size: int) -> dict[Module, bool]:
    """The three large squares, with a light line around each (6.3.3, 6.3.4)."""
    around = range(-1, 8)
    return {
        (top + row, left + column): max(abs(row - 3), abs(column - 3)) in (0, 1, 3)
        for top, left in ((0, 0), (0, size - 7), (size - 7, 0))
        for row in around
        for column in around
        if 0 <= top + row < size and 0 <= left + column < size
    }


def _alignments(version: int, size: int) -> dict[Module, bool]:
    """The small squares (6.3.6, annex E)."""
    last = size - 7
    places = {1: []}.get(version, [6, last] if version < 7 else [6, (6 + last) // 2, last])
    middles = [(row, column) for row in places for column in places if (row, column) not in ((6, 6), (6, last), (last, 6))]
    near = range(-2, 3)
    return {
        (row + down, column + right): max(abs(down), abs(right)) != 1
        for row, column in middles
        for down in near
        for right in near
    }


def _told(version: int, size: int) -> dict[Module, bool]:
    """Level, mask and version, each twice (7.9, 7.10)."""
    found: dict[Module, bool] = {}
    # Level M and the mask of even sums of coordinates are both written 00.
    form = _checked(0, _FORMAT, 10) ^ _FORMAT_MASK
    around = [*((place, 8) for place in (0, 1, 2, 3, 4, 5, 7, 8)), *((8, place) for place in (7, 5, 4, 3, 2, 1, 0))]
    beside = [*((8, size - 1 - place) for place in range(8)), *((size - 7 + place, 8) for place in range(7))]
    for place in range(15):
        found[around[place]] = found[beside[place]] = bool(form >> place & 1)
    number = _checked(version, _VERSION, 12)
    for place in range(18 if version >= 7 else 0):
        row, column = place // 3, size - 11 + place % 3
        found[row, column] = found[column, row] = bool(number >> place & 1)
    return found


def _checked(value: int, generator: int, length: int) -> int:
    """A value with its BCH remainder."""
    rest = value << length
    while rest.bit_length() > length:
        rest ^= generator << (rest.bit_length() - length - 1)
    return value << length | rest


def _way(size: int, fixed: dict[Module, bool]) -> list[Module]:
    """The free modules in the order of the data: columns in pairs from the right, up and down in turn (7.7.3)."""
    way = []
    rights = [*range(size - 1, 6, -2), 5, 3, 1]  # the sixth column is the timing's
    for turn, right in enumerate(rights):
        rows = range(size - 1, -1, -1) if turn % 2 == 0 else range(size)
        way += [(row, column) for row in rows for column in (right, right - 1) if (row, column) not in fixed]
    return way
