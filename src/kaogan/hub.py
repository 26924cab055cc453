"""The Hugging Face hub: fetching a published generator, and uploading one. Extra `hub`.

Only these files are fetched, and none of them is unpickled. What was fetched stays in the cache of
the library, and can be opened without a network from then on.
"""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from kaogan.errors import KaoganError, UsageError

PREFIX = "hf:"
GENERATOR = "generator.safetensors"
BESIDE = ("directions.json", "encoder.safetensors")
"""Files that a repository may have beside the generator."""

NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)

TIMEOUT = 10.0
"""Seconds to wait for an answer about a repository."""

Kind = Literal["model", "space"]


def is_hub_name(what: str) -> bool:
    """Does this name a generator on the hub: hf:USER/NAME, or hf:USER/NAME@REVISION?"""
    return what.startswith(PREFIX)


def repo_of(what: str) -> str:
    """USER/NAME of hf:USER/NAME@REVISION."""
    return what.removeprefix(PREFIX).partition("@")[0]


def fetch(what: str) -> Path:
    """Fetch the generator hf:USER/NAME or hf:USER/NAME@REVISION; returns the folder of its files.

    Raises:
        UsageError: this is no name of a repository.
        KaoganError: it cannot be fetched, or holds no generator; the message says why.

    """
    repo, revision = repo_of(what), what.partition("@")[2] or None
    check_name(repo)
    with _asking(what):
        from huggingface_hub import HfApi, hf_hub_download, try_to_load_from_cache
        from huggingface_hub.errors import HfHubHTTPError

        try:
            about = HfApi().model_info(repo, revision=revision, timeout=TIMEOUT)
        except HfHubHTTPError:
            raise
        except Exception:  # no network
            kept = try_to_load_from_cache(repo, GENERATOR, revision=revision)
            if not isinstance(kept, str):
                raise
            print(f"note: the hub cannot be reached; {what} is as fetched before", file=sys.stderr)
            return Path(kept).parent
        names = {file.rfilename for file in about.siblings or ()}
        if GENERATOR not in names:
            raise KaoganError(f"{what} holds no {GENERATOR}; kaogan publish writes one")
        folder = Path(hf_hub_download(repo, GENERATOR, revision=revision)).parent
        for name in names.intersection(BESIDE):  # of the same commit, whose name is the folder's
            hf_hub_download(repo, name, revision=folder.name)
    return folder


def check_name(repo: str) -> None:
    """Raise a UsageError unless this is USER/NAME, as the hub writes it."""
    if not NAME.fullmatch(repo):
        raise UsageError(
            f"{repo!r} is no name of a repository; give USER/NAME, in letters, digits, - _ and ."
        )


def check_account() -> str:
    """The name of the account whose token is used.

    Raises:
        KaoganError: nobody is logged in, or the hub cannot be reached.

    """
    with _asking("your account"):
        from huggingface_hub import HfApi

        return str(HfApi().whoami()["name"])


def upload(folder: Path, repo: str, kind: Kind, private: bool = False) -> str:
    """Make a repository, if there is none, and upload a folder as one commit; returns its address.

    Raises:
        KaoganError: it cannot be uploaded; the message says why.

    """
    with _asking(f"the {kind} {repo}"):
        from huggingface_hub import HfApi

        api = HfApi()
        sdk = "static" if kind == "space" else None
        made = api.create_repo(
            repo, repo_type=kind, space_sdk=sdk, private=private or None, exist_ok=True
        )
        api.upload_folder(
            repo_id=repo,
            repo_type=kind,
            folder_path=folder,
            commit_message="Published by kaogan",
        )
        return str(made)


@contextlib.contextmanager
def _asking(what: str) -> Iterator[None]:
    """Explain in one line why the hub did not do what was asked."""
    try:
        from huggingface_hub import errors
    except ImportError:
        raise KaoganError(
            f"{what} needs the library of the hub; run pip install 'kaogan[hub]'"
        ) from None
    try:
        yield
    except KaoganError:
        raise
    except errors.GatedRepoError:
        why = "its owner lets in only whom they choose; ask on its page, then run hf auth login"
    except errors.RepositoryNotFoundError:
        why = "there is no such repository, or it is private; check the name, or run hf auth login"
    except errors.RevisionNotFoundError:
        why = "there is no such revision; check what stands behind the @"
    except errors.LocalTokenNotFoundError:
        why = "you are not logged in; run hf auth login, or set HF_TOKEN"
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status in (401, 403):
            why = "the hub refuses the token; run hf auth login with one that may write"
        else:
            why = f"the hub answered {status or 'nothing'}; try again later"
    except Exception as error:  # of the library's HTTP client, of the operating system, ...
        why = f"the hub cannot be reached ({_reason(error)}); check the network"
    else:
        return
    raise KaoganError(f"{what}: {why}")


def _reason(error: BaseException) -> str:
    """The first line of the deepest cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())[:100] or type(error).__name__
