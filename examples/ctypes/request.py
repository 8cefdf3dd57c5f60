#!/usr/bin/env python3
"""A request with a token that is always valid, from plain Python through the C library: no package, no compiler.

    PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… python3 request.py https://sandbox.pismolabs.io /accounts/123

EVERTOKEN_LIBRARY names the library where the loader does not find it. For programs in Python the package `evertoken` is the
better way; this shows what any language with a foreign function interface does.
"""

import ctypes
import os
import sys
import threading
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_void_p

lib = ctypes.CDLL(os.environ.get("EVERTOKEN_LIBRARY", "libevertoken.so.0"))

# Handles are opaque pointers; an output is a pointer to one.
HANDLE, OUT = c_void_p, POINTER(c_void_p)
RESPONSE_CALLBACK = ctypes.CFUNCTYPE(None, c_void_p, HANDLE, HANDLE)


def declare(name, result, *arguments):
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments
    return function


config_pismo = declare("evertoken_config_pismo", c_int, c_char_p, c_char_p, c_char_p, OUT, OUT)
config_free = declare("evertoken_config_free", None, HANDLE)
client_new = declare("evertoken_client_new", c_int, HANDLE, OUT, OUT)
client_free = declare("evertoken_client_free", None, HANDLE)
client_request = declare("evertoken_client_request", c_int, HANDLE, c_char_p, c_char_p, c_void_p, c_size_t, c_int64, OUT, OUT)
client_request_start = declare(
    "evertoken_client_request_start", c_int, HANDLE, c_char_p, c_char_p, c_void_p, c_size_t, c_int64, RESPONSE_CALLBACK, c_void_p, OUT, OUT
)
response_status = declare("evertoken_response_status", c_int, HANDLE)
response_body = declare("evertoken_response_body", c_void_p, HANDLE, POINTER(c_size_t))
response_free = declare("evertoken_response_free", None, HANDLE)
error_text = declare("evertoken_error_text", c_char_p, HANDLE)
error_free = declare("evertoken_error_free", None, HANDLE)


class EvertokenError(Exception):
    pass


def taken(error):
    """Frees an error, and returns its text as an exception."""
    text = error_text(error).decode()
    error_free(error)
    return EvertokenError(text)


def made(function, *arguments):
    """Calls a function that returns a handle; raises its error."""
    out, error = c_void_p(), c_void_p()
    if function(*arguments, byref(out), byref(error)) != 0:
        raise taken(error)
    return out


def pismo(base_url, key, secret):
    config = made(config_pismo, base_url.encode(), key.encode(), secret.encode())
    try:
        return made(client_new, config)
    finally:
        config_free(config)


def get(client, path, timeout_ms=10000):
    response = made(client_request, client, b"GET", path.encode(), None, 0, timeout_ms)
    try:
        length = c_size_t()
        body = response_body(response, byref(length))
        return response_status(response), ctypes.string_at(body, length.value)
    finally:
        response_free(response)


def get_in_background(client, path, timeout_ms=10000):
    """The same with a callback, which runs on one of the library's threads. Returns the response's status."""
    over, outcome = threading.Event(), []

    @RESPONSE_CALLBACK
    def on_response(_userdata, response, error):
        outcome.append(taken(error) if error else response_status(response))
        response_free(response)
        over.set()

    error = c_void_p()
    if client_request_start(client, b"GET", path.encode(), None, 0, timeout_ms, on_response, None, None, byref(error)) != 0:
        raise taken(error)
    over.wait()
    if isinstance(outcome[0], EvertokenError):
        raise outcome[0]
    return outcome[0]


def main(base_url, path):
    client = pismo(base_url, os.environ["PISMO_SERVER_KEY"], os.environ["PISMO_SERVER_SECRET"])
    try:
        status, body = get(client, path)
        print(status, body.decode())
        return 0 if status == 200 and get_in_background(client, path) == 200 else 1
    except EvertokenError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        client_free(client)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} BASE_URL PATH")
    sys.exit(main(*sys.argv[1:]))
