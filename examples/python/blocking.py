"""The client in a script: log in, read, write, see what happens."""

import os

import evertoken

with evertoken.Client.pismo(
    server_key=os.environ["PISMO_SERVER_KEY"],
    server_secret=os.environ["PISMO_SERVER_SECRET"],
    base_url=os.environ.get("PISMO_BASE_URL", "https://sandbox.pismolabs.io"),
) as client:
    client.on_event(lambda event: print("event:", event.name))
    account = client.get("/api/accounts/123", params={"fields": "balance"})
    print(account.status_code, account.headers["content-type"], account.json()["path"])
    created = client.post("/api/notes", json={"text": "hello"}, timeout=5).raise_for_status()
    print(created.status_code, client.token().expires_in)
    try:
        client.get("https://elsewhere.example/api/accounts/123")
    except evertoken.OriginRefusedError as error:
        print("refused:", error.message)
