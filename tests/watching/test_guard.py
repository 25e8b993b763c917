"""Who may ask: whoever knows the token, under the right name, from no other page; and for what."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from archlang.watching import PortError, Watcher, serve

ROOT = Path(__file__).parents[2]


def ask(
    watcher: Watcher, path: str, headers: dict[str, str] | None = None, body: str | None = None
) -> tuple[int, str, dict[str, str]]:
    address = urlsplit(watcher.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET" if body is None else "POST", path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), dict(answer.getheaders())
    connection.close()
    return found


def token(watcher: Watcher) -> str:
    return parse_qs(urlsplit(watcher.url).query)["token"][0]


@pytest.mark.parametrize(
    "path", ["/", "/state", "/events", "/ends", "/page.js", "/page.css", "/no"]
)
@pytest.mark.parametrize("wrong", ["", "?token=", "?token=x", "?token=%ff"])
def test_a_wrong_token_is_refused(watcher: Watcher, path: str, wrong: str) -> None:
    assert ask(watcher, path + wrong)[0] == 403


def test_the_right_one_is_not(watcher: Watcher) -> None:
    for path in ("/", "/state", "/ends", "/page.js", "/page.css"):
        assert ask(watcher, f"{path}?token={token(watcher)}")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1", "10.0.0.1", ""])
def test_a_foreign_host_is_refused(watcher: Watcher, host: str) -> None:
    assert ask(watcher, f"/?token={token(watcher)}", {"Host": host})[0] == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"]
)
def test_a_foreign_origin_is_refused(watcher: Watcher, origin: str) -> None:
    good = f"/state?token={token(watcher)}"
    assert ask(watcher, good, {"Origin": origin})[0] == 403
    assert (
        ask(watcher, good, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0] == 403
    )
    headers = {"X-Token": token(watcher), "Origin": origin}
    assert ask(watcher, "/open", headers, "{}")[0] == 403
    assert "Access-Control-Allow-Origin" not in ask(watcher, good)[2]


@pytest.mark.parametrize(
    "path",
    ["/../page.css", "/..%2f..%2fweb.py", "/assets/page.css", "//etc/passwd", "/page.js/../web.py",
     "/%2e%2e/web.py", "/web.py", "/page.js%00"],
)  # fmt: skip
def test_only_what_is_known_is_served(watcher: Watcher, path: str) -> None:
    assert ask(watcher, f"{path}?token={token(watcher)}")[0] in (403, 404)


@pytest.mark.parametrize("file", ["/etc/passwd", "../secret.arch", "secret.arch", 3, None, ["x"]])
def test_only_shown_files_can_be_opened(spec: Path, tmp_path: Path, file: object) -> None:
    (tmp_path / "secret.arch").write_text("let x = 1\n", "utf-8")
    from archlang.watching.editor import Editor

    with serve(spec, editor=Editor(("touch", str(tmp_path / "started")))) as watcher:
        body = json.dumps({"file": file, "line": 1})
        status, text, _ = ask(watcher, "/open", {"X-Token": token(watcher)}, body)
        assert (status, json.loads(text)["opened"]) == (200, False)
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("body", ["", "[", "[]", "[" * 9_999, "x" * 20_000])
def test_a_body_that_is_none(watcher: Watcher, body: str) -> None:
    try:
        status, text, _ = ask(watcher, "/open", {"X-Token": token(watcher)}, body)
    except (ConnectionError, http.client.HTTPException):
        return  # it hung up on too much
    assert (status, json.loads(text)["opened"]) == (200, False)


@pytest.mark.parametrize(
    "request_",
    ["GET http://[/ HTTP/1.1\r\n", "POST /open HTTP/1.1\r\nContent-Length: " + "9" * 5000],
)
def test_an_odd_request_is_refused_and_nothing_is_said(
    watcher: Watcher, request_: str, capfd: pytest.CaptureFixture[str]
) -> None:
    address = urlsplit(watcher.url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(f"{request_}\r\nHost: 127.0.0.1:{address.port}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")
    assert capfd.readouterr().err == ""


def test_the_policy_has_a_nonce_of_its_own_each_time(watcher: Watcher) -> None:
    found = [ask(watcher, f"/?token={token(watcher)}") for _ in range(2)]
    nonces = [re.findall(r"'nonce-([\w-]+)'", f[2]["Content-Security-Policy"]) for f in found]
    assert nonces[0] != nonces[1] and len(set(nonces[0])) == 1
    for (_, text, _), nonce in zip(found, nonces, strict=True):
        tags = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*>", text)
        assert len(tags) == 6 and all(f'nonce="{nonce[0]}"' in tag for tag in tags)
    assert "unsafe" not in found[0][2]["Content-Security-Policy"]


def test_it_listens_on_this_computer_alone(watcher: Watcher) -> None:
    port = urlsplit(watcher.url).port or 0
    with socket.socket() as other, pytest.raises(OSError):
        other.settimeout(2)
        other.connect(
            (socket.gethostbyname(socket.gethostname()).replace("127.0.0.1", "127.0.0.2"), port)
        )


def test_a_port_in_use(watcher: Watcher, spec: Path) -> None:
    port = urlsplit(watcher.url).port or 0
    with pytest.raises(PortError, match=f"port {port} of 127.0.0.1 is in use; leave --port out"):
        serve(spec, port=port)
    watcher.close()
    serve(spec, port=port).close()


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archlang", "watch", *words], cwd=ROOT, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_command_says_what_is_wrong(watcher: Watcher, spec: Path) -> None:
    port = str(urlsplit(watcher.url).port)
    used = run(str(spec), "--no-open", "--port", port)
    assert used.returncode == 1 and "is in use" in used.stderr and "Traceback" not in used.stderr
    missing = run("specs/resnett.arch", "--no-open")
    assert missing.returncode == 1 and "resnet.arch" in missing.stderr
    name = run("ResNet5000", "--no-open")
    assert name.returncode == 1 and "ResNet50" in name.stderr
    for words in (("--set", "x"), ("--editor", "'"), ("--port", "70000")):
        assert run(str(spec), "--no-open", *words).returncode == 2


def test_the_command_ends_cleanly() -> None:
    started = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "archlang", "watch", "LeNet5", "--no-open"],
        cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert started.stdout is not None
    line = started.stdout.readline()
    found = re.fullmatch(r"watching LeNet5 at (http://127\.0\.0\.1:\d+/\?token=\S+) .*\n", line)
    assert found, line
    address = urlsplit(found[1])
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET", f"/state?{address.query}")
    assert connection.getresponse().status == 200
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=10)
    assert started.returncode == 0 and "stopped" in out and "Traceback" not in err
    assert not re.search(r"\| +torch$", err, re.MULTILINE)
