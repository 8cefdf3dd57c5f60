"""A hundred forks while four threads send requests: every child works, and so does the parent."""

import os
import signal
import sys
import threading
import warnings

from evertoken.testing import Sandbox

FORKS = 100
# Python 3.12 warns of exactly what is tried here.
warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")

sandbox = Sandbox()
client = sandbox.pismo().client()
client.token()
stop = threading.Event()


def load() -> None:
    while not stop.is_set():
        client.get("/pismo/api/x")


def work() -> None:
    assert client.token().via == "login"
    assert client.get("/pismo/api/x").ok
    client.invalidate()
    assert client.get("/pismo/api/x").ok


threads = [threading.Thread(target=load) for _ in range(4)]
for thread in threads:
    thread.start()
bad = 0
for _ in range(FORKS):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(30)  # a child that hangs is killed, and counted
            work()
            status = 0
        finally:
            os._exit(status)
    bad += os.waitpid(pid, 0)[1] != 0
stop.set()
for thread in threads:
    thread.join()
work()
print(f"{bad} of {FORKS} children failed")
sys.exit(bad)
