"""A subinterpreter imports the package, which it may not, and ends; the main interpreter goes on, on other threads too."""

import importlib
import sys
import threading
import warnings
from typing import Any

import evertoken
from evertoken.testing import Sandbox

warnings.filterwarnings("ignore", category=DeprecationWarning)
interpreters: Any = importlib.import_module("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")

IMPORT = """
try:
    import evertoken
except ImportError as error:
    print(error, flush=True)
"""
# It shares the GIL: one that does not is refused by Python itself.
KIND: dict[str, Any] = {"config": "legacy"} if sys.version_info >= (3, 13) else {"isolated": False}

sandbox = Sandbox()
client = sandbox.pismo().client()
ended = interpreters.create(**KIND)
interpreters.run_string(ended, IMPORT)
interpreters.destroy(ended)
statuses: list[int] = []
thread = threading.Thread(target=lambda: statuses.append(client.get("/pismo/api/x").status_code), daemon=True)
thread.start()
thread.join(30)
assert statuses == [200], statuses
assert evertoken.Client.__doc__
# One that is still there when the process ends does not hold it.
interpreters.run_string(interpreters.create(**KIND), IMPORT)
