"""A stand-in for the Hugging Face hub: as much of its API as publishing and fetching use.

It serves on 127.0.0.1, keeps commits in memory, and answers as the hub does, errors included. All
files are uploaded within the commit ("regular"), which the hub asks for only of small ones.
"""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

TOKEN = "hf_of_the_tests"
KINDS = {"models": "", "spaces": "spaces/"}


class Hub:
    """Repositories by path ("user/name", "spaces/user/name"): commits, each with its files."""

    def __init__(self) -> None:
        self.repos: dict[str, list[dict[str, bytes]]] = {}
        self.about: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def files(self, repo: str) -> dict[str, bytes]:
        """The newest files of a repository."""
        return self.repos[repo][-1]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def name_of(number: int) -> str:
    """The name of a commit."""
    return hashlib.sha1(str(number).encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, content: Any = b"", **headers: str) -> None:
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_GET(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        path = unquote(self.path.partition("?")[0]).strip("/")
        if path == "api/whoami-v2":
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                self.answer(200, {"name": "user", "type": "user", "orgs": []})
            else:
                self.answer(401, {"error": "Invalid credentials"})
        elif "/resolve/" in path:
            self.resolve(*path.split("/resolve/"))
        elif path.startswith("api/models/"):
            repo, _, revision = path.removeprefix("api/models/").partition("/revision/")
            self.describe(repo, revision or "main")
        else:
            self.answer(404, {"error": "not found"})

    do_HEAD = do_GET

    def commit(self, repo: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """The name and files of a commit; main is the newest. None after an answer that it is not
        there.
        """
        commits = self.hub.repos.get(repo)
        if commits is None:
            self.answer(401, X_Error_Code="RepoNotFound", X_Error_Message="Invalid username")
            return None
        names = [name_of(number) for number in range(len(commits))]
        if revision not in ("main", *names):
            self.answer(404, X_Error_Code="RevisionNotFound")
            return None
        number = len(commits) - 1 if revision == "main" else names.index(revision)
        return names[number], commits[number]

    def describe(self, repo: str, revision: str) -> None:
        if found := self.commit(repo, revision):
            name, files = found
            siblings = [{"rfilename": file} for file in files]
            self.answer(200, {"id": repo, "sha": name, "siblings": siblings, "tags": []})

    def resolve(self, repo: str, place: str) -> None:
        """A file of a commit."""
        revision, _, file = place.partition("/")
        if found := self.commit(repo, revision):
            name, files = found
            if file not in files:
                self.answer(404, X_Error_Code="EntryNotFound", X_Repo_Commit=name)
                return
            etag = f'"{hashlib.sha1(files[file]).hexdigest()}"'
            self.answer(200, files[file], X_Repo_Commit=name, ETag=etag)

    def do_POST(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401, {"error": "Invalid credentials"})
            return
        if self.path == "/api/validate-yaml":  # of a README.md
            begins = json.loads(body)["content"].startswith("---\n")
            errors = [] if begins else [{"message": "no metadata"}]
            self.answer(200 if begins else 400, {"errors": errors, "warnings": []})
            return
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts == ["api", "repos", "create"]:
            self.create(json.loads(body))
            return
        _, kind, user, name, action, _ = parts
        repo = f"{KINDS[kind]}{user}/{name}"
        if action == "preupload":
            files = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for one in json.loads(body)["files"]
            ]
            self.answer(200, {"files": files})
            return
        commit = dict(self.hub.files(repo))
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                value = entry["value"]
                commit[value["path"]] = base64.b64decode(value["content"])
        self.hub.repos[repo].append(commit)
        oid = name_of(len(self.hub.repos[repo]) - 1)
        url = f"{self.hub.address}/{repo}/commit/{oid}"
        self.answer(200, {"commitUrl": url, "commitOid": oid, "pullRequestUrl": None})

    def create(self, asked: dict[str, Any]) -> None:
        repo = f"{asked['organization']}/{asked['name']}"
        repo = KINDS[f"{asked.get('type') or 'model'}s"] + repo
        url = f"{self.hub.address}/{repo}"
        if repo in self.hub.repos:
            self.answer(409, {"error": "You already created this repo", "url": url})
            return
        self.hub.repos[repo] = [{}]
        self.hub.about[repo] = asked
        self.answer(200, {"url": url, "name": repo})
