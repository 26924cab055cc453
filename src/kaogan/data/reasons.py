"""The reasons why a picture is left out of a data set."""

from enum import StrEnum


class Reason(StrEnum):
    """The reasons, as written in `rejected.jsonl` and in the summaries."""

    EMPTY = "empty file"
    NOT_AN_IMAGE = "not an image"
    DAMAGED = "truncated or damaged"
    TOO_SMALL = "too small"
    TOO_MANY_PIXELS = "too many pixels"
    FILE_TOO_LARGE = "file too large"
    FLAT = "one flat colour"
    NO_FACE = "no face found"
    NO_BOX = "not in the table of boxes"
    OUTSIDE = "box outside the picture"
    UNREADABLE = "cannot be read"
    UNSAFE_NAME = "unsafe name"
    BOMB = "decompression bomb"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near duplicate"


def in_one_line(error: BaseException) -> str:
    """The message of an error, short and without line breaks, to be part of another message."""
    return " ".join(str(error).split())[:200] or type(error).__name__


class Rejected(Exception):
    """One picture is left out, and the preparation continues."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
