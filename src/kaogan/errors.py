"""Errors that a user can mend, as one line that says what happened and what to do next.

The command line prints `error: <message>` and ends with the error's exit status. A program that
uses kaogan as a library catches a `KaoganError` like any other exception.
"""

import shlex
from pathlib import Path


def typed(path: Path | str) -> str:
    """A path as one types it into a shell, in quotes if it needs them."""
    return shlex.quote(str(path))


class KaoganError(Exception):
    """Something failed that the user can mend. Exit status 1."""

    exit_status = 1


class UsageError(KaoganError):
    """The command or call itself is wrong. Exit status 2."""

    exit_status = 2


class Heard(KaoganError):
    """Another process of this training has said what happened, so this one is silent."""

    def __init__(self, message: str, exit_status: int = 1) -> None:
        super().__init__(message)
        self.exit_status = exit_status
