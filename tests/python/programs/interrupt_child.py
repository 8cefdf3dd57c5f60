"""SIGINT in a child that a thread has forked. The thread heard no signals; in the child it is the main one."""

import os
import signal
import threading
import warnings

from evertoken.testing import Sandbox

warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
signal.signal(signal.SIGINT, signal.default_int_handler)
sandbox = Sandbox()
client = sandbox.pismo().client()


def child() -> None:
    try:
        client.get("/pismo/api/x")
    except KeyboardInterrupt:
        os.write(1, b"interrupted")
    os._exit(0)


def fork() -> None:
    assert client.get("/pismo/api/x").ok
    sandbox.arm("gate", route="any", count=0)
    pid = os.fork()
    if pid == 0:
        child()
    sandbox.wait_held(1)
    os.kill(pid, signal.SIGINT)
    os.waitpid(pid, 0)


thread = threading.Thread(target=fork)
thread.start()
thread.join()
