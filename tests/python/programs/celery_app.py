"""A Celery application whose client logs in before the worker forks. $OPTIONS: the client's; $FOLDER: the broker's."""

import json
import os
from typing import Any

from celery import Celery  # type: ignore[import-untyped]
from celery.signals import worker_init  # type: ignore[import-untyped]

import evertoken

folder = os.environ["FOLDER"]
app = Celery("celery_app", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": folder,
    "data_folder_out": folder,
    "control_folder": folder,
    "polling_interval": 0.05,
}
app.conf.worker_hijack_root_logger = False
client = evertoken.Client.pismo(**json.loads(os.environ["OPTIONS"]))


@worker_init.connect  # type: ignore[untyped-decorator]
def log_in(**_: Any) -> None:
    client.token()


@app.task(name="call")  # type: ignore[untyped-decorator]
def call() -> int:
    return client.get("/pismo/api/x").status_code


if __name__ == "__main__":
    for _ in range(2):
        call.delay()
