"""The Hugging Face hub as far as huggingface_hub asks it, for checkpoints in a folder.

Run as `python hub_server.py FOLDER`. It prints the port of its API and that of its content server
(large files are elsewhere, as on the hub), and serves FOLDER/repositories/OWNER/NAME at the commits
and references of FOLDER/settings.json, which is read at each request:

    commits     what OWNER/NAME resolves to, by reference
    refuse      status and X-Error-Code of every API answer about OWNER/NAME
    missing     paths that are listed but not there
    sizes       what to say about the size of a path instead of the truth
    published   what to say about the SHA-256 of a path instead of the truth
    changed     paths whose content is changed on its way, so many times
    stop_after  bytes of content after which a connection is closed
    stall_after bytes of content after which nothing more comes
    ranges      false: ask for the middle of a file, get all of it

Each request is a line of FOLDER/requests.jsonl.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LARGE = 100_000  # bytes from which a file is kept as the hub keeps weights
_CHUNK = 1 << 16


class Served:
    """The folder that is served."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.changes: dict[str, int] = {}
        self.content_port = 0

    @property
    def settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads((self.folder / "settings.json").read_text("utf-8"))
        return settings

    def log(self, request: dict[str, Any]) -> None:
        with self.lock, (self.folder / "requests.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(request) + "\n")

    def repository(self, name: str) -> Path:
        return self.folder / "repositories" / name

    def is_changed_now(self, path: str) -> bool:
        with self.lock:
            wanted: int = self.settings.get("changed", {}).get(path, 0)
            done = self.changes.get(path, 0)
            self.changes[path] = min(done + 1, wanted)
            return done < wanted


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """What both servers have in common."""

    protocol_version = "HTTP/1.1"
    served: Served

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def note(self, server: str) -> None:
        wanted = ("Range", "Authorization")
        headers = {key: self.headers[key] for key in wanted if self.headers[key]}
        self.served.log({"server": server, "method": self.command, "path": self.path, **headers})

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_content(self, path: str, content: bytes, **headers: str) -> None:
        """A file or the end of it, as the settings let it."""
        settings = self.served.settings
        begin = 0
        wanted = self.headers["Range"]
        if wanted and settings.get("ranges", True):
            begin = int(wanted.removeprefix("bytes=").partition("-")[0])
        if self.command == "GET" and self.served.is_changed_now(path):
            content = bytes([content[0] ^ 1]) + content[1:]
        self.send_response(206 if begin else 200)
        if begin:
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {begin}-{last}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command == "HEAD":
            return
        stop, stall = settings.get("stop_after"), settings.get("stall_after")
        end = begin + min(limit for limit in (stop, stall, len(content)) if limit is not None)
        for start in range(begin, min(end, len(content)), _CHUNK):
            self.wfile.write(content[start : min(start + _CHUNK, end)])
        if stall is not None and end < len(content):
            time.sleep(3600)
        if stop is not None and end < len(content):
            self.close_connection = True


class Api(Handler):
    """Lists repositories and gives their small files."""

    def do_GET(self) -> None:
        self.note("api")
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            revision = "/".join(parts[5:]).replace("%2F", "/") if parts[4:5] else "main"
            self._list("/".join(parts[2:4]), revision)
        elif parts[2:3] == ["resolve"]:
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self.answer(404)

    do_HEAD = do_GET  # noqa: N815 (the name that http.server calls)

    def _commit(self, name: str, revision: str) -> str | None:
        settings = self.served.settings
        if name in settings.get("refuse", {}):
            status, code = settings["refuse"][name]
            self.answer(status, X_Error_Code=code)
            return None
        if not self.served.repository(name).is_dir():
            self.answer(401, X_Error_Code="RepoNotFound")
            return None
        commits = settings["commits"][name]
        if revision not in commits and revision not in commits.values():
            self.answer(404, X_Error_Code="RevisionNotFound")
            return None
        return str(commits.get(revision, revision))

    def _list(self, name: str, revision: str) -> None:
        commit = self._commit(name, revision)
        if commit is None:
            return
        folder = self.served.repository(name)
        siblings = [self._sibling(file) for file in sorted(folder.iterdir())]
        body = {"_id": "1", "id": name, "modelId": name, "sha": commit, "siblings": siblings}
        self.answer(200, json.dumps(body).encode(), Content_Type="application/json")

    def _sibling(self, file: Path) -> dict[str, Any]:
        content = file.read_bytes()
        settings = self.served.settings
        size = settings.get("sizes", {}).get(file.name, len(content))
        sibling: dict[str, Any] = {"rfilename": file.name, "size": size}
        sibling["blobId"] = blob_id(content)
        if len(content) >= LARGE:
            true = hashlib.sha256(content).hexdigest()
            digest = settings.get("published", {}).get(file.name, true)
            sibling["lfs"] = {"size": size, "sha256": digest, "pointerSize": 134}
        return sibling

    def _resolve(self, name: str, revision: str, path: str) -> None:
        commit = self._commit(name, revision)
        if commit is None:
            return
        file = self.served.repository(name) / path
        if not file.is_file() or path in self.served.settings.get("missing", ()):
            self.answer(404, X_Error_Code="EntryNotFound")
            return
        content = file.read_bytes()
        if len(content) < LARGE:
            etag = f'"{blob_id(content)}"'
            self.send_content(path, content, X_Repo_Commit=commit, ETag=etag)
            return
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        self.answer(
            302,
            Location=f"http://localhost:{self.served.content_port}/{name}/{path}",
            X_Repo_Commit=commit,
            X_Linked_Size=str(len(content)),
            X_Linked_ETag=etag,
        )


class Content(Handler):
    """Gives large files, or the middle of them."""

    def do_GET(self) -> None:
        self.note("content")
        name, _, path = self.path.strip("/").rpartition("/")
        content = (self.served.repository(name) / path).read_bytes()
        self.send_content(path, content, Accept_Ranges="bytes")

    do_HEAD = do_GET  # noqa: N815 (the name that http.server calls)


def main() -> None:
    served = Served(Path(sys.argv[1]))
    Handler.served = served
    servers = [ThreadingHTTPServer(("localhost", 0), handler) for handler in (Api, Content)]
    served.content_port = servers[1].server_port
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*(server.server_port for server in servers), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
