"""No file may grow, and there is no home: as on a read-only disk, whoever runs it."""

import os
import resource
import signal
import tempfile

from evertoken.testing import Sandbox

with tempfile.TemporaryDirectory() as folder:
    gone = os.path.join(folder, "gone")
for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
    os.environ[name] = gone
os.chdir("/proc")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with Sandbox() as sandbox, sandbox.pismo().client() as client:
    statuses = {client.get("/pismo/api/x").status_code for _ in range(10)}
    logins = sandbox.counts()["pismo"]["login"]
assert not os.path.exists(gone)
print(f"{statuses.pop()}, logins: {logins}")
