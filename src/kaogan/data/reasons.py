"""Why a picture did not get into a data set."""

from enum import StrEnum


class Reason(StrEnum):
    """The reasons, as they stand in `rejected.jsonl` and in the summaries."""

    EMPTY = "empty file"
    NOT_AN_IMAGE = "not an image"
    DAMAGED = "truncated or damaged"
    TOO_SMALL = "too small"
    TOO_MANY_PIXELS = "too many pixels"
    FILE_TOO_LARGE = "file too large"
    FLAT = "one flat colour"
    UNREADABLE = "cannot be read"
    UNSAFE_NAME = "unsafe name"
    BOMB = "decompression bomb"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near duplicate"


def in_one_line(error: BaseException) -> str:
    """What an error says, short and without line breaks, fit to be part of a message."""
    return " ".join(str(error).split())[:200] or type(error).__name__


class Rejected(Exception):
    """One picture is left out, and the run goes on."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
