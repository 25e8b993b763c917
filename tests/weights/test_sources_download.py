"""Downloads against a server of our own: hash, cache, and everything that goes wrong on the way."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save

from archlang.diagnostics.model import SpecError
from archlang.weights.sources import download, read_weights
from weights.source_errors import hold_equal, refused
from weights.test_sources_files import Creates, state


def checkpoint() -> bytes:
    buffer = BytesIO()
    torch.save(state(), buffer)
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Serves files, as badly as it is told, and remembers what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.way = ""
        self.target = ""
        self.length = ""

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path.partition("?")[0].strip("/"))
        if self.server.way == "redirect" and body is None:
            self.send_response(302)
            self.send_header("Location", self.server.target)
            self.end_headers()
            return
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        if self.server.way not in ("no length", "endless"):
            self.send_header("Content-Length", self.server.length or str(len(body)))
        self.end_headers()
        getattr(self, f"send_{self.server.way}", self.wfile.write)(body)

    def send_slow(self, body: bytes) -> None:
        for at in range(0, len(body), 1000):
            self.wfile.write(body[at : at + 1000])
            time.sleep(0.02)

    def send_truncated(self, body: bytes) -> None:
        self.wfile.write(body[: len(body) // 2])

    def send_silent(self, body: bytes) -> None:
        self.wfile.write(body[:100])
        self.wfile.flush()
        time.sleep(3)

    def send_endless(self, body: bytes) -> None:
        with suppress(OSError):  # who receives it has had enough
            while True:
                self.wfile.write(bytes(1 << 20))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "_hub_dir", None)  # what set_dir sets
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "hub" / "checkpoints"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def offered(server: Server, content: bytes) -> str:
    """The address of a file with its hash in its name."""
    name = f"net-{sha256(content)[:8]}.pth"
    server.files[name] = content
    return server.url(name)


def left_in(cache: Path) -> list[str]:
    return sorted(p.name for p in cache.iterdir()) if cache.exists() else []


@pytest.mark.parametrize("way", ["", "slow", "no length"])
def test_a_file_is_downloaded_once(server: Server, cache: Path, way: str) -> None:
    server.way = way
    url = offered(server, checkpoint())
    for _ in range(2):
        got = read_weights(url + "?token=secret")
        hold_equal(got.tensors, state())
        assert got.origin == url
    assert len(server.asked) == 1
    assert left_in(cache) == [url.rpartition("/")[2]]
    # torch.hub finds the same file
    assert torch.hub.load_state_dict_from_url(url, check_hash=True).keys() == state().keys()
    assert len(server.asked) == 1


def test_a_hash_behind_the_address(server: Server, cache: Path) -> None:
    one, two = checkpoint(), save({"a": torch.ones(3)})
    server.files |= {"one/net.pth": one, "two/net.pth": two}
    hold_equal(read_weights(f"{server.url('one/net.pth')}#sha256={sha256(one)}").tensors, state())
    second = read_weights(f"{server.url('two/net.pth')}#sha256={sha256(two).upper()}")
    hold_equal(second.tensors, {"a": torch.ones(3)})
    assert second.origin == server.url("two/net.pth")
    assert len(left_in(cache)) == 2


def test_a_part_of_a_downloaded_file(server: Server) -> None:
    buffer = BytesIO()
    torch.save({"model": state(), "ema": {"a": torch.ones(1)}}, buffer)
    url = offered(server, buffer.getvalue())
    got = read_weights(f"{url}#ema")
    assert got.origin == f"{url}#ema"
    hold_equal(got.tensors, {"a": torch.ones(1)})
    hash_ = sha256(buffer.getvalue())
    hold_equal(read_weights(f"{url}#sha256={hash_}&ema").tensors, {"a": torch.ones(1)})
    refused(url, "E0710", f"{url}#model")


def test_a_wrong_hash_leaves_nothing(server: Server, cache: Path) -> None:
    url = offered(server, checkpoint())
    server.files[url.rpartition("/")[2]] = other = checkpoint()[:-1] + b"x"
    refused(url, "E0709", url.rpartition("-")[2][:8], sha256(other), "a date")
    assert left_in(cache) == []
    wrong = "0" * 64
    refused(f"{url}#sha256={wrong}", "E0709", wrong, sha256(other), "behind #sha256=")
    assert left_in(cache) == []
    server.files["net-00000000.pth"] = b"<!DOCTYPE html><title>Log in</title>"
    refused(server.url("net-00000000.pth"), "E0709", "what came is a web page")


def test_a_damaged_file_in_the_cache_is_downloaded_anew(server: Server, cache: Path) -> None:
    url = offered(server, checkpoint())
    read_weights(url)
    kept = cache / url.rpartition("/")[2]
    kept.write_bytes(checkpoint()[:1000])
    hold_equal(read_weights(url).tensors, state())
    assert len(server.asked) == 2
    assert kept.read_bytes() == checkpoint()
    kept.write_bytes(b"rubbish")
    server.files.clear()
    refused(url, "E0711", "404")
    assert kept.read_bytes() == b"rubbish", "what was there is as it was"
    assert len(server.asked) == 3


def test_a_body_that_ends_too_early(server: Server, cache: Path) -> None:
    server.way = "truncated"
    content = checkpoint()
    refused(offered(server, content), "E0711", f"{len(content) // 2} of {len(content)} bytes")
    assert left_in(cache) == []


def room_for(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk have room for so many bytes."""
    margin = download.__globals__["_MARGIN"]
    usage = SimpleNamespace(free=margin + count)
    monkeypatch.setitem(download.__globals__, "disk_usage", lambda path: usage)


def test_a_file_larger_than_the_disk_is_not_begun(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = offered(server, checkpoint())
    server.length, server.way = str(10**30), "silent"
    refused(url, "E0711", "it has 1,000,000,000,000,000,000,000,000 MB", "TORCH_HOME")
    server.length, server.way = "", ""
    room_for(len(checkpoint()) - 1, monkeypatch)
    refused(url, "E0711", "there is room for 0 MB")
    room_for(-1, monkeypatch)
    refused(url, "E0711", "there is room for 0 MB")
    assert left_in(cache) == []
    room_for(len(checkpoint()), monkeypatch)
    hold_equal(read_weights(url).tensors, state())


def test_a_length_of_thousands_of_digits(server: Server) -> None:
    server.length = "9" * 5000
    hold_equal(read_weights(offered(server, checkpoint())).tensors, state())


def test_a_server_that_never_ends_does_not_fill_the_disk(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_for(5_000_000, monkeypatch)
    server.way = "endless"
    refused(offered(server, b"x"), "E0711", "goes on after 5 MB", "TORCH_HOME")
    assert left_in(cache) == []


def test_a_server_that_falls_silent(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(download.__globals__, "PATIENCE", 0.3)
    server.way = "silent"
    begun = time.monotonic()
    refused(offered(server, checkpoint()), "E0711", "said nothing for 0.3 seconds")
    assert time.monotonic() - begun < 2.5
    assert left_in(cache) == []


def test_no_answer_at_all(server: Server) -> None:
    refused(server.url("net-12345678.pth"), "E0711", "404", "no such file")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        refused(f"http://127.0.0.1:{port}/net-12345678.pth", "E0711", "no connection", "refused")
    refused("http://no-such-host.invalid/net-12345678.pth", "E0711", "no connection")


def test_what_is_no_http(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"what do you want?\r\n")

        threading.Thread(target=answer, daemon=True).start()
        port = other.getsockname()[1]
        refused(f"http://127.0.0.1:{port}/net-12345678.pth", "E0711", "broke off")


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x"])
def test_redirections_go_to_http_only(server: Server, target: str) -> None:
    server.way, server.target = "redirect", target
    refused(server.url("net-12345678.pth"), "E0711", "sends on to", "refused")


def test_redirections_are_followed_but_not_for_ever(server: Server) -> None:
    url = offered(server, checkpoint())
    server.way, server.target = "redirect", url
    moved = server.url(f"moved/{url.rpartition('/')[2]}")
    hold_equal(read_weights(moved).tensors, state())
    server.target = server.url("loop-12345678.pth")
    refused(server.url("loop-12345678.pth"), "E0711", "302")


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("https://example.invalid/net.pth", "E0715", "without a hash"),
        ("https://example.invalid/net.pth#sha256=12ab", "E0715", "there are 4 characters"),
        ("https://example.invalid/net.pth#sha256=" + "g" * 64, "E0715", "is no hash"),
        ("https://example.invalid/net-1234567.pth", "E0715", "without a hash"),
        ("https:///net-12345678.pth", "E0711", "names no server"),
        ("https://[::1/net-12345678.pth", "E0711", "cannot download"),
        ("https://example.invalid/\ud800-12345678.pth", "E0711", "half a character"),
        ("https://\udcff.invalid/net-12345678.pth?\udcff", "E0711", "half a character"),
        ("https://host:port/net-12345678.pth", "E0711", "cannot download"),
        ("ftp://example.invalid/net-12345678.pth", "E0711", "ftp: is not read"),
        ("file:///net-12345678.pth", "E0711", "file: is not read"),
        ("s3://bucket/net-12345678.pth", "E0711", "s3: is not read"),
    ],
)
def test_addresses_that_are_not_asked_for(address: str, code: str, words: str) -> None:
    refused(address, code, words)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(SpecError) as caught:
        read_weights("https://me:secret@example.invalid/net-12345678.pth")
    assert "secret" not in str(caught.value)
    assert "a name and a password" in str(caught.value)


def test_a_cache_that_cannot_be_written(server: Server, cache: Path) -> None:
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_text("a file where the folder should be")
    refused(offered(server, checkpoint()), "E0711", "cannot be kept in", "TORCH_HOME")


def test_names_that_no_file_may_have(server: Server, cache: Path) -> None:
    content = checkpoint()
    for name in ("..", "a%2F..%2Fb.pth", "ü.pth", "w" * 400 + ".pth", ""):
        path = f"dir/{name}"
        for asked in (path, "dir/%C3%BC.pth"):
            server.files[asked.strip("/")] = content
        hold_equal(read_weights(f"{server.url(path)}#sha256={sha256(content)}").tensors, state())
    assert all((cache / name).is_file() for name in left_in(cache))


def test_a_downloaded_pickle_runs_no_code(server: Server, tmp_path: Path) -> None:
    made = tmp_path / "made"
    buffer = BytesIO()
    torch.save(Creates(made), buffer)
    refused(offered(server, buffer.getvalue()), "E0708", "posix.system")
    assert not made.exists()


def test_progress_is_shown_where_it_is_wanted(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    url = offered(server, checkpoint())
    read_weights(url, progress=True)
    assert "100" in capsys.readouterr().err
    other = offered(server, save({"a": torch.ones(1)}))
    read_weights(other)
    assert capsys.readouterr().err == "", "it is no terminal"
