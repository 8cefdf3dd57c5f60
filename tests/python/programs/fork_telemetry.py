"""A fork while a login is under way: its span is the parent's."""

import os
import threading
import warnings

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evertoken.testing import Sandbox

warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)


def spans() -> int:
    return len(exporter.get_finished_spans())


sandbox = Sandbox()
sandbox.arm("gate", route="login")
client = sandbox.pismo().client()
thread = threading.Thread(target=client.token)
thread.start()
sandbox.wait_held(1)
reader, writer = os.pipe()
pid = os.fork()
if pid == 0:
    try:
        from evertoken import _telemetry

        os.write(writer, str(len(_telemetry._under_way)).encode())
    finally:
        os._exit(0)
os.waitpid(pid, 0)
sandbox.release()
thread.join()
print(f"child: {os.read(reader, 10).decode()}, parent: {spans()}")
