"""What `import evertoken` costs besides itself: modules it pulls in, and threads it starts."""

import os
import sys

HEAVY = {"asyncio", "datetime", "email", "http", "inspect", "json", "logging", "re", "socket", "ssl", "threading", "typing", "urllib"}
before = set(sys.modules)
import evertoken  # noqa: E402

heavy = HEAVY & (set(sys.modules) - before)
client = evertoken.Client.pismo(server_key="key", server_secret="secret", base_url="https://api.example")
assert client.state().standing == "none"
threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
print(f"heavy modules: {sorted(heavy)}, threads: {threads}")
