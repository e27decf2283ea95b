"""A model hub on this machine: folders served as huggingface_hub asks for them."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40
OLD = "b" * 40


class Hub:
    """What it holds, and what it was asked for."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Path]] = {}
        """By name, by revision: a folder."""
        self.gated: set[str] = set()
        self.requests: list[str] = []
        self.bytes_per_second: float | None = None
        self.address = ""

    def add(self, name: str, folder: Path, revision: str = "main") -> None:
        """Serve a folder as a revision of a model."""
        self.models.setdefault(name, {})[revision] = folder


@contextmanager
def hub() -> Iterator[Hub]:
    """A hub that answers for as long as the block runs."""
    served = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(is_whole=False)

        def do_GET(self) -> None:
            self._answer(is_whole=True)

        def _answer(self, *, is_whole: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            served.requests.append(f"{self.command} {path}")
            parts = path.strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                name, rest = "/".join(parts[2:4]), parts[4:]
            else:
                name, rest = "/".join(parts[:2]), parts[2:]
            revisions = served.models.get(name)
            if revisions is None:
                return self._refuse(404, "RepoNotFound")
            if name in served.gated:
                return self._refuse(403, "GatedRepo")
            revision = rest[1] if len(rest) > 1 else "main"
            folder = revisions.get({COMMIT: "main", OLD: "old"}.get(revision, revision))
            if folder is None:
                return self._refuse(404, "RevisionNotFound")
            commit = COMMIT if folder is revisions.get("main") else OLD
            files = sorted(file for file in folder.rglob("*") if file.is_file())
            if rest[:1] == ["resolve"]:
                return self._file(folder / "/".join(rest[2:]), commit, is_whole=is_whole)
            if rest[:1] == ["tree"]:
                listed = [
                    {
                        "type": "file",
                        "path": str(file.relative_to(folder)),
                        "size": file.stat().st_size,
                        "oid": _tag(file),
                    }
                    for file in files
                ]
                return self._json(listed)
            siblings = [{"rfilename": str(file.relative_to(folder))} for file in files]
            return self._json(
                {"_id": "1", "id": name, "sha": commit, "siblings": siblings, "tags": [], "private": False}
            )

        def _json(self, content: object) -> None:
            written = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def _refuse(self, code: int, why: str) -> None:
            self.send_response(code)
            self.send_header("X-Error-Code", why)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _file(self, file: Path, commit: str, *, is_whole: bool) -> None:
            if not file.is_file():
                return self._refuse(404, "EntryNotFound")
            content = file.read_bytes()
            self.send_response(200)
            self.send_header("ETag", f'"{_tag(file)}"')
            self.send_header("X-Repo-Commit", commit)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not is_whole:
                return None
            size = 1 << 14
            for start in range(0, len(content), size):
                self.wfile.write(content[start : start + size])
                if served.bytes_per_second:
                    time.sleep(size / served.bytes_per_second)
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


def _tag(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()
