"""How much a file from somebody else may cost: the limits on what is read, all in one place.

They keep two promises: less than 1 GB of memory in all processes together, and no long wait without
progress. docs/reliability.md explains them and lists their values.
"""

MIB = 2**20

LARGEST_JSON = 8 * MIB
"""Bytes of a JSON file, and of the JSON in another file's header."""
DEEPEST_JSON = 64
"""Brackets inside brackets."""
LARGEST_TABLE = 16 * MIB
"""Bytes that are read of a file of rows in a RUN: metrics.jsonl, evaluation.jsonl, log.txt, ..."""
LONGEST_LINE = MIB
"""Bytes of a row of a DATASET."""
LARGEST_BOXES = 32 * MIB
"""Bytes of a table of boxes, all of which is in memory: half a million rows or more."""
LARGEST_LABELS = 32 * MIB
"""Bytes of a table of labels, and characters in it, all of which are in memory."""
LARGEST_TAGS = 65_536
"""Bytes of a picture's file of tags."""

LARGEST_PICTURE = 64 * MIB
"""Bytes of one encoded picture, or of one picture in an array."""
MOST_PIXELS = 50_000_000
"""Pixels of an original, unless `--max-pixels` says otherwise."""
LARGEST_DECODING = 512 * MIB
"""Bytes of memory that decoding one picture may need; more if `--max-pixels` is larger than usual,
in the same ratio."""
MOST_SCANS = 200
"""Passes over a progressive JPEG file; usually there are ten. A file of a few megabytes can have a
million, which take hours."""
MOST_PIXELS_IN_RUN = 25_000_000
"""Pixels of a picture in a RUN, such as a grid in samples/, and of one beside notes."""
LARGEST_UNSEEN = 256 * MIB
"""Bytes of networks that a report builds from a recipe alone, without their weights."""
LARGEST_FILM = 64 * MIB
"""Bytes of timelapse.webp that become a part of a page."""

BOMB_RATIO = 100
"""An archive that unpacks to more than this many times its size holds no pictures, because those
are compressed already."""
BOMB_FREE = MIB
"""Bytes that an entry may unpack to at any ratio; an archive, a hundred times as many."""
LONGEST_NAME = 1000
"""Characters of an entry's name."""
LARGEST_TAR_NAME = MIB
"""Bytes of a header in front of a TAR archive's entry: long names, comments."""
LARGEST_PAGE = 192 * MIB
"""Bytes of a Parquet column's dictionary and of its largest page, unpacked, together."""
MOST_ROWS = 50_000_000
"""Rows of a Parquet file, and pictures of an array."""
