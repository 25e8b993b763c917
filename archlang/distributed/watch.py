"""Ending when another process is lost: with a message, and without waiting for what never comes."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_GRACE = 5.0
"""Seconds in which a process that was told to end may say better why it does."""


@contextmanager
def ending_when_told(message: Callable[[], str]) -> Generator[None]:
    """Within, a SIGTERM ends this process with a message and exit code 1.

    `torchrun` tells all processes to end so, once one of them did. Python's own handlers run
    between two of its instructions, and never while torch waits for a process that is gone; so
    it is a thread that waits for the signal here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    inside, outside = socket.socketpair()
    outside.setblocking(False)
    watcher = threading.Thread(target=_wait, args=(inside, message), daemon=True)
    handler = signal.signal(signal.SIGTERM, _nothing)
    before = signal.set_wakeup_fd(outside.fileno(), warn_on_full_buffer=False)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGTERM, handler)
        outside.close()  # the thread reads its end
        watcher.join(_GRACE)
        inside.close()


def _nothing(number: int, frame: FrameType | None) -> None:
    """A handler there must be, for the signal to be passed on."""


def _wait(inside: socket.socket, message: Callable[[], str]) -> None:
    while received := inside.recv(1):
        if received[0] == signal.SIGTERM:
            end(message())


_said = threading.Lock()


def end(message: str) -> None:
    """Say once why, and end this process at once, whatever its other threads wait for."""
    if _said.acquire(blocking=False):
        print(message, file=sys.stderr, flush=True)
        os._exit(1)
    threading.Event().wait(_GRACE)  # another thread is about to
    os._exit(1)
