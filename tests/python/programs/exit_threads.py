"""The interpreter ends while daemon threads are inside blocking calls, answers arriving meanwhile."""

import threading

from evertoken.testing import Sandbox

sandbox = Sandbox()
sandbox.arm("gate", route="api", count=0)
client = sandbox.pismo().client()
for _ in range(20):
    threading.Thread(target=client.get, args=("/pismo/api/x",), daemon=True).start()
sandbox.wait_held(20)
threading.Thread(target=sandbox.release, daemon=True).start()
print("leaving")
