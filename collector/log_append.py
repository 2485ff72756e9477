"""Appending to the log's tiles: pure. Level -1 holds the entries themselves, level 0 their hashes, and so on upwards.

Only the last tile of each level ever changes, and a full one never does. The root of any size follows from them.
"""

from collections.abc import Iterable, Iterator, Mapping

from schemas.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, leaf_hash, root_at, root_of, tile_nodes

ENTRIES = -1
"""The level of entry bundles."""
Tiles = dict[tuple[int, int], bytes]
"""Tiles' hashes (or entries), by level and number."""


def last_tiles(size: int) -> Iterator[tuple[int, int]]:
    """The tiles that an append to a log of this size must know: the unfinished last one of each level."""
    yield ENTRIES, size >> TILE_HEIGHT
    level, hashes = 0, size
    while True:
        yield level, hashes >> TILE_HEIGHT
        level, hashes = level + 1, hashes >> TILE_HEIGHT
        if not hashes:
            return


def append(size: int, last: Mapping[tuple[int, int], bytes], entries: Iterable[bytes]) -> tuple[int, bytes, Tiles]:
    """Append entries.

    Args:
        size: of the log so far.
        last: what `last_tiles` names, as far as it exists.
        entries: 32 bytes each.

    Returns:
        New size, new root, and all tiles that are new or changed, or were in `last`.
    """
    tiles = dict(last)
    for entry in entries:
        _put(tiles, ENTRIES, size, entry)
        _put(tiles, 0, size, leaf_hash(entry))
        level, index = 0, size
        while index % TILE_WIDTH == TILE_WIDTH - 1:  # a tile is full: one hash more on the level above
            data = tiles[level, index >> TILE_HEIGHT]
            whole = root_of([data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)])
            level, index = level + 1, index >> TILE_HEIGHT
            _put(tiles, level, index, whole)
        size += 1
    return size, root_at(size, tile_nodes(lambda level, number: tiles[level, number])), tiles


def _put(tiles: Tiles, level: int, index: int, data: bytes) -> None:
    place = level, index >> TILE_HEIGHT
    tiles[place] = tiles.get(place, b"") + data
