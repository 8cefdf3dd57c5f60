"""The exceptions: a class for each kind, attributes, pickling."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

import evertoken
from evertoken import EvertokenError, _native, errors

KINDS = _native.error_kinds()


def camel_case(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_")) + "Error"


@pytest.mark.parametrize(("code", "number", "retryable", "hint"), KINDS, ids=[kind[0] for kind in KINDS])
def test_each_kind_of_the_table_has_its_class(code: str, number: int, retryable: bool, hint: str) -> None:
    error = _native.error_of_kind(code, "it happened")
    assert type(error).__name__ == camel_case(code)
    assert getattr(evertoken, camel_case(code)) is type(error)
    assert (error.code, error.retryable, error.message) == (code, retryable, "it happened")
    assert str(error) == f"it happened (hint: {hint})"
    assert number > 7000
    assert isinstance(error, EvertokenError)


def test_each_class_is_in_the_table() -> None:
    assert {kind.code for kind in EvertokenError.__subclasses__()} == {kind[0] for kind in KINDS}


def test_the_tree_in_the_documentation_names_each_class() -> None:
    assert errors.__doc__ is not None
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, Exception):
            assert name in errors.__doc__
            assert name in errors.__all__


def test_builtin_exceptions_catch_what_they_mean() -> None:
    for kind, builtin in [
        (evertoken.TimedOutError, TimeoutError),
        (evertoken.UnreachableError, ConnectionError),
        (evertoken.ConfigInvalidError, ValueError),
        (evertoken.OriginRefusedError, ValueError),
    ]:
        assert issubclass(kind, builtin)


@pytest.mark.parametrize("code", [kind[0] for kind in KINDS])
def test_errors_survive_pickling_and_copying(code: str) -> None:
    error = errors.from_native(code, "text", message="m", retryable=True, http_status=503, retry_after=1.5, identity="me")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error)
        assert str(other) == "text"
        assert vars(other) == vars(error)


def test_a_kind_without_a_class_is_still_an_error() -> None:
    assert type(errors.from_native("new_kind", "text")) is EvertokenError


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(evertoken.ConfigInvalidError):
        _native.error_of_kind("nonsense", "")


def test_reasons_are_those_of_the_documentation() -> None:
    assert evertoken.AuthOutcome.__doc__ is not None
    for reason in _native.reasons():
        assert f'"{reason}"' in evertoken.AuthOutcome.__doc__
