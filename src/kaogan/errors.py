"""What can go wrong through a user's doing, said in one line.

The command line turns a `KaoganError` into `error: <message>` and its exit status; a program
that uses kaogan as a library catches it as an ordinary exception. The message says what happened
and what to do next.
"""

import shlex
from pathlib import Path


def typed(path: Path | str) -> str:
    """A path as one types it into a shell: in quotes where it has spaces and the like."""
    return shlex.quote(str(path))


class KaoganError(Exception):
    """Something failed that the user can mend. Exit status 1."""

    exit_status = 1


class UsageError(KaoganError):
    """The command or call itself makes no sense. Exit status 2."""

    exit_status = 2
