"""The interpreter ends while greenlets wait for answers."""

from gevent import monkey

monkey.patch_all()

import gevent

from evertoken.testing import Sandbox

sandbox = Sandbox()
sandbox.arm("gate", route="api", count=0)
client = sandbox.pismo().client()
for _ in range(20):
    gevent.spawn(client.get, "/pismo/api/x")
while sandbox.counts()["held"] < 20:
    gevent.sleep(0)
print("leaving")
