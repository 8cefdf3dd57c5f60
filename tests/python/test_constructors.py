"""How clients are made: options, units, refusals by name."""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import evertoken
from evertoken import AsyncClient, Client, _native
from evertoken.testing import Sandbox

FLOWS = ["pismo", "passkit", "wso2", "password", "client_credentials", "json_login"]
PISMO: dict[str, Any] = {"server_key": "key", "server_secret": "hush-hush", "base_url": "https://sandbox.example"}


@pytest.fixture(params=[Client, AsyncClient])
def kind(request: pytest.FixtureRequest) -> type[Client] | type[AsyncClient]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("flow", FLOWS)
def test_each_constructor_takes_exactly_the_options_of_its_flow(flow: str) -> None:
    parameters = inspect.signature(getattr(Client, flow)).parameters
    own = {name for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}
    assert own == set(_native.flow_option_names(flow))
    assert getattr(AsyncClient, flow).__func__ is getattr(Client, flow).__func__


def test_common_options_are_those_of_the_core() -> None:
    from evertoken._types import ClientOptions

    assert set(get_type_hints(ClientOptions)) == set(_native.client_option_names())


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"base_ulr": "https://x"}, "base_ulr"),
        ({"timeout": "soon"}, "timeout"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"max_attempts": 2.5}, "max_attempts"),
        ({"keep_warm": "yes"}, "keep_warm"),
        ({"keep_warm": 1}, "keep_warm"),
        ({"allowed_origins": 7}, "allowed_origins"),
        ({"allowed_origins": [7]}, "allowed_origins"),
        ({"base_url": "sandbox.example"}, "base_url"),
        ({"base_url": "http://sandbox.example"}, "base_url"),
        ({"base_url": b"https://sandbox.example"}, "base_url"),
        ({"server_key": "a\r\nb"}, "server_key"),
        ({"server_secret": "a\0b"}, "server_secret"),
        ({"server_secret": "a\nb"}, "server_secret"),
        ({"server_secret": ""}, "server_secret"),
        ({"server_secret": "\udc80hush-hush"}, "server_secret"),
        ({"server_secret": object()}, "server_secret"),
        ({"user_agent": "a\r\nx: y"}, "user_agent"),
        ({"auth_scheme": "two words"}, "auth_scheme"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file"),
        ({"ca_file": Path("/nowhere/ca.pem")}, "ca_file"),
        ({"client_cert": ("/nowhere/a.pem", "/nowhere/b.pem")}, "client_cert"),
        ({"secret_field": "other"}, "secret_field"),
    ],
)
def test_a_wrong_option_is_refused_by_name(kind: type[Client] | type[AsyncClient], options: dict[str, Any], name: str) -> None:
    with pytest.raises(evertoken.ConfigInvalidError, match=name) as refused:
        kind.pismo(**{**PISMO, **options})
    assert "hush-hush" not in repr(refused.value)
    assert isinstance(refused.value, ValueError)


def test_the_nearest_option_is_suggested() -> None:
    with pytest.raises(evertoken.ConfigInvalidError, match="did you mean base_url"):
        Client.pismo(**PISMO, base_ulr="x")  # type: ignore[call-arg]


def test_a_missing_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="server_secret"):
        Client.pismo(server_key="a")  # type: ignore[call-arg]


@pytest.mark.parametrize("arguments", [(), ("pismo",), (None, {})])
@pytest.mark.parametrize("keywords", [{}, {"base_url": "https://api.example.com"}])
def test_the_class_itself_makes_no_client(
    kind: type[Client] | type[AsyncClient], arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match=r"^a client is made by pismo\(\), .* or from_profile\(\) of its class$"):
        kind(*arguments, **keywords)


def test_an_unknown_flow_is_refused() -> None:
    with pytest.raises(evertoken.ConfigInvalidError, match="flow"):
        Client.from_options("pismoo")


def test_a_file_that_is_not_a_certificate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(evertoken.ConfigInvalidError, match="ca_file"):
        Client.pismo(**PISMO, ca_file=path)


@pytest.mark.parametrize("seconds", [7, 7.0, timedelta(seconds=7)])
def test_durations_are_seconds_or_timedeltas(seconds: float | timedelta) -> None:
    assert Client.pismo(**PISMO, timeout=seconds).timeout == 7.0


def test_none_is_the_default(kind: type[Client] | type[AsyncClient]) -> None:
    assert kind.pismo(**PISMO, timeout=None, account_id=None).timeout == 30.0


def test_account_is_part_of_the_identity() -> None:
    one = Client.pismo(**PISMO, account_id=1)
    assert "1" in one.identity
    assert one.identity != Client.pismo(**PISMO, account_id=2).identity


def test_a_client_is_not_pickled_or_copied(kind: type[Client] | type[AsyncClient]) -> None:
    client = kind.pismo(**PISMO)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"cannot pickle or copy .*holds credentials"):
            attempt(client)


def test_a_client_is_of_the_class_that_defines_its_native_methods(kind: type[Client] | type[AsyncClient]) -> None:
    """CPython takes its short way to them only then."""
    native = [member for member in vars(kind).values() if inspect.ismethoddescriptor(member) and hasattr(member, "__objclass__")]
    assert native
    assert {member.__objclass__ for member in native} == {kind}
    assert type(kind.pismo(**PISMO)) is kind


def test_repr_shows_identity_and_standing_and_no_secret(kind: type[Client] | type[AsyncClient]) -> None:
    text = repr(kind.pismo(**PISMO))
    assert text.startswith(f"<evertoken.{kind.__name__} pismo ")
    assert "no token" in text
    assert "hush-hush" not in text


def test_a_subclass_keeps_its_class_and_its_own_attributes(sandbox: Sandbox) -> None:
    class Mine(Client):
        def fetch(self) -> int:
            return self.get("/pismo/api/x").status_code

    with Mine.from_options("pismo", **sandbox.pismo().options) as mine:
        assert type(mine) is Mine
        assert mine.fetch() == 200


def test_a_profile(kind: type[Client] | type[AsyncClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "evertoken.toml"
    path.write_text(
        """
        [profiles.mine]
        flow = "pismo"
        base_url = "https://api.example"
        server_key = { env = "MY_KEY" }
        server_secret = { file = "secret" }
        timeout = 7
        """
    )
    (tmp_path / "secret").write_text("hush-hush\n")
    monkeypatch.setenv("MY_KEY", "key")
    client = kind.from_profile("mine", path=path)
    assert (type(client), client.base_url, client.timeout) == (kind, "https://api.example/", 7.0)
    assert kind.from_profile("mine", path=path, timeout=timedelta(seconds=8)).timeout == 8.0
    monkeypatch.setenv("EVERTOKEN_CONFIG", str(path))
    assert kind.from_profile("mine").identity == client.identity
    with pytest.raises(evertoken.ConfigInvalidError, match="mine"):
        kind.from_profile("other")
    with pytest.raises(evertoken.ConfigInvalidError, match="timeout") as wrong:
        kind.from_profile("mine", timeout="soon")
    assert "hush-hush" not in repr(wrong.value)


def test_a_secret_in_the_file_of_profiles_draws_a_warning(kind: type[Client] | type[AsyncClient], tmp_path: Path) -> None:
    path = tmp_path / "evertoken.toml"
    path.write_text('[profiles.mine]\nflow = "pismo"\nbase_url = "https://api.example"\nserver_key = "key"\nserver_secret = "hush-hush"\n')
    path.chmod(0o600)
    with pytest.warns(UserWarning, match="server_secret") as warned:
        kind.from_profile("mine", path=path)
    assert all(warning.filename == __file__ for warning in warned)
    assert not [warning for warning in warned if "hush-hush" in str(warning.message)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="server_"):
            kind.from_profile("mine", path=path)
