"""What is written twice agrees: stubs and extension, names and __all__, documentation and code."""

from __future__ import annotations

import ast
import doctest
import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evertoken
from evertoken import AsyncClient, Client, _native, errors, testing

PACKAGE = Path(evertoken.__file__).parent
STUB = ast.parse((PACKAGE / "_native.pyi").read_text())


def documented() -> Iterator[tuple[str, str]]:
    """Each name of the stub that has a docstring."""
    for node in STUB.body:
        if isinstance(node, ast.ClassDef):
            for member in [node, *node.body]:
                if isinstance(member, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(member):
                    name = node.name if member is node else f"{node.name}.{member.name}"
                    yield name, ast.get_docstring(member) or ""


@pytest.mark.parametrize(("name", "text"), [pytest.param(*each, id=each[0]) for each in documented()])
def test_stub_and_extension_say_the_same(name: str, text: str) -> None:
    thing: Any = _native
    for part in name.split("."):
        thing = getattr(thing, part)
    assert inspect.getdoc(thing) == text


def test_the_public_names_are_all_there_and_documented() -> None:
    assert evertoken.__all__ == sorted(evertoken.__all__)
    public = {name for name, thing in vars(evertoken).items() if inspect.isclass(thing) and not name.startswith("_")}
    assert public == {name for name in evertoken.__all__ if name != "__version__"}
    for name in public:
        assert inspect.getdoc(getattr(evertoken, name)), name


@pytest.mark.parametrize("kind", [Client, AsyncClient, evertoken.Response, evertoken.Headers, testing.Sandbox, testing.Provider])
def test_each_public_method_is_documented(kind: type) -> None:
    for name, member in inspect.getmembers(kind):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(member), name


def test_both_clients_have_the_same_calls() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    only_sync, only_async = public(Client) - public(AsyncClient), public(AsyncClient) - public(Client)
    assert only_sync == {"requests_auth", "urllib3_pool"}
    assert only_async == {"aiohttp_middleware"}


def test_the_options_of_the_constructors_are_all_explained() -> None:
    text = inspect.getdoc(Client) or ""
    for name in _native.client_option_names():
        assert f"\n    {name}: " in text, name


def examples() -> Iterator[Any]:
    """The examples of every docstring of the package, native ones included."""
    found: dict[str, str] = {}
    for module in (evertoken, errors, testing):
        found[module.__name__] = module.__doc__ or ""
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            for owner in thing.__mro__ if inspect.isclass(thing) else ():
                if owner.__module__.startswith("evertoken"):
                    found[f"{owner.__module__}.{owner.__qualname__}"] = owner.__doc__ or ""
                    methods = {member: value for member, value in vars(owner).items() if not member.startswith("_")}
                    for member, value in methods.items():
                        found[f"{owner.__module__}.{owner.__qualname__}.{member}"] = value.__doc__ or ""
    for name, text in sorted(found.items()):
        if ">>>" in text:
            yield pytest.param(name, inspect.cleandoc(text), id=name)


@pytest.mark.parametrize(("name", "text"), list(examples()))
def test_the_examples_of_the_docstrings_work(sandbox: testing.Sandbox, name: str, text: str) -> None:
    with sandbox.pismo().client() as client:
        given = {**vars(evertoken), **sandbox.pismo().options, "client": client}
        example = doctest.DocTestParser().get_doctest(text, given, name, None, None)
        said: list[str] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # an example closes no session
            outcome = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert outcome.failed == 0, "".join(said)
    assert outcome.attempted > 0


def test_version_is_the_core_s() -> None:
    assert evertoken.__version__ == _native.VERSION


def test_errors_are_public() -> None:
    assert set(errors.__all__) <= set(evertoken.__all__)
