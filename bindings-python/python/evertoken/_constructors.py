"""How clients are made: one way for the synchronous and the asynchronous one."""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from typing_extensions import Self, Unpack

    from ._types import ClientOptions, Path, Scope

    BasicEncoding = Literal["form", "percent", "raw", "body"]
    ExpiresUnit = Literal["s", "ms", "unix", "unix_ms", "iso8601"]


class Constructors:
    """One constructor per way to log in, and `from_options` for a way that is configuration."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __new__(cls, flow: str | None, options: dict[str, Any], *, profile: tuple[str, Path | None] | None = None) -> Self: ...

    @classmethod
    def from_options(cls, flow: str, /, **options: Any) -> Self:
        """A client for the way to log in of this name, with options by name.

        Args:
            flow: "pismo", "passkit", "wso2", "password", "client_credentials" or "json_login".
            **options: As the constructor of that name takes them.

        >>> options = {"server_key": server_key, "server_secret": server_secret, "base_url": base_url}
        >>> Client.from_options("pismo", **options).state().standing
        'none'
        """
        return cls(flow, options)

    @classmethod
    def from_profile(cls, name: str, /, *, path: Path | None = None, **options: Any) -> Self:
        """A client from a profile: options under a name, in the file `evertoken.toml` that every language reads.

        Waits while a command of the profile runs, at most 30 s for each. A secret that stands in the file itself, and what else is
        unwise there, draws a UserWarning.

        Args:
            name: The profile's name.
            path: The file. None: the first of $EVERTOKEN_CONFIG, ./evertoken.toml and ~/.config/evertoken/evertoken.toml.
            **options: Options that are set on top of the profile's.

        Raises:
            ConfigInvalidError: There is no such file or profile, or something in it is wrong; the text names it.
        """
        return cls(None, options, profile=(name, path))

    @classmethod
    def pismo(
        cls,
        *,
        server_key: str,
        server_secret: str,
        account_id: int | str | None = None,
        external_account_id: str | None = None,
        secret_field: Literal["server_secret", "secret_key"] | None = None,
        token_url: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client for Pismo, server to server (Passport).

        Args:
            server_key: The server key.
            server_secret: The server secret.
            account_id: Ask for a token of this account only; it is part of the token's identity.
            external_account_id: The account's external id, sent with the login.
            secret_field: The secret's name in the login; "server_secret" (default), or "secret_key" for older installations.
            token_url: The login's URL; default: the documented path below `base_url`.
            **options: The options common to all, see `Client`. `base_url` is required: production hosts are not published.
        """
        return cls.from_options(
            "pismo",
            server_key=server_key,
            server_secret=server_secret,
            account_id=account_id,
            external_account_id=external_account_id,
            secret_field=secret_field,
            token_url=token_url,
            **options,
        )

    @classmethod
    def passkit(
        cls,
        *,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        region: Literal["pub1", "pub2"] | None = None,
        two_fa_token: str | None = None,
        two_fa_code: str | None = None,
        token_url: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client for PassKit: a user name and password, or a token pasted from the portal.

        Args:
            username: The user name.
            password: The password.
            token: A long-lived token from the portal, instead of user name and password. A 401 cannot be healed then.
            region: "pub1" (Europe, default) or "pub2" (USA); part of the token's identity.
            two_fa_token: Token of the second factor, where the account has one.
            two_fa_code: Code of the second factor.
            token_url: The login's URL; default: the documented path below the region's host.
            **options: The options common to all, see `Client`.
        """
        return cls.from_options(
            "passkit",
            username=username,
            password=password,
            token=token,
            region=region,
            two_fa_token=two_fa_token,
            two_fa_code=two_fa_code,
            token_url=token_url,
            **options,
        )

    @classmethod
    def wso2(
        cls,
        *,
        token_url: str,
        consumer_key: str,
        consumer_secret: str,
        username: str,
        password: str,
        organization: str | None = None,
        scope: Scope | None = None,
        device: str | None = None,
        revoke_url: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client for a WSO2 API Manager: the password grant, refresh tokens included.

        Args:
            token_url: The token endpoint, such as "https://gateway:8243/token".
            consumer_key: The application's consumer key.
            consumer_secret: The application's consumer secret.
            username: The user, such as "john@johns.org", or with the organization already added.
            password: The user's password.
            organization: The organization key that is added to `username`.
            scope: The scopes to request.
            device: Asks for the scope "device_…", which gives this program a token of its own.
            revoke_url: The revocation endpoint; default: beside `token_url`.
            **options: The options common to all, see `Client`.
        """
        return cls.from_options(
            "wso2",
            token_url=token_url,
            consumer_key=consumer_key,
            consumer_secret=consumer_secret,
            username=username,
            password=password,
            organization=organization,
            scope=scope,
            device=device,
            revoke_url=revoke_url,
            **options,
        )

    @classmethod
    def password(
        cls,
        *,
        token_url: str,
        username: str,
        password: str,
        client_id: str | None = None,
        client_secret: str | None = None,
        scope: Scope | None = None,
        basic: BasicEncoding | None = None,
        revoke_url: str | None = None,
        extra_fields: Mapping[str, str] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        token_field: str | None = None,
        expires_field: str | None = None,
        expires_unit: ExpiresUnit | None = None,
        refresh_token_field: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client for any OAuth2 server with the password grant (RFC 6749 §4.3).

        Args:
            token_url: The token endpoint.
            username: The user.
            password: The user's password.
            client_id: The client's id.
            client_secret: The client's secret.
            scope: The scopes to request.
            basic: How id and secret travel: Basic with "form" (default, RFC 6749 §2.3.1), "percent" or "raw"
                encoding, or in the "body".
            revoke_url: The revocation endpoint (RFC 7009), for `close(revoke=True)`.
            extra_fields: Further form fields of the token request.
            extra_headers: Further headers of the token request.
            token_field: Where the token is in the response: a dotted path, or "header:NAME"; default "access_token".
            expires_field: Where its life is: a dotted path; default "expires_in".
            expires_unit: What it counts: "s" (default) or "ms" of life; "unix", "unix_ms" or "iso8601" for an instant.
            refresh_token_field: Where the refresh token is: a dotted path; default "refresh_token".
            **options: The options common to all, see `Client`.
        """
        return cls.from_options(
            "password",
            token_url=token_url,
            username=username,
            password=password,
            client_id=client_id,
            client_secret=client_secret,
            scope=scope,
            basic=basic,
            revoke_url=revoke_url,
            extra_fields=extra_fields,
            extra_headers=extra_headers,
            token_field=token_field,
            expires_field=expires_field,
            expires_unit=expires_unit,
            refresh_token_field=refresh_token_field,
            **options,
        )

    @classmethod
    def client_credentials(
        cls,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        scope: Scope | None = None,
        basic: BasicEncoding | None = None,
        revoke_url: str | None = None,
        extra_fields: Mapping[str, str] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        token_field: str | None = None,
        expires_field: str | None = None,
        expires_unit: ExpiresUnit | None = None,
        refresh_token_field: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client for any OAuth2 server with the client credentials grant (RFC 6749 §4.4).

        Args:
            token_url: The token endpoint.
            client_id: The client's id.
            client_secret: The client's secret.
            scope, basic, revoke_url, extra_fields, extra_headers: As for `password`.
            token_field, expires_field, expires_unit, refresh_token_field: As for `password`.
            **options: The options common to all, see `Client`.
        """
        return cls.from_options(
            "client_credentials",
            token_url=token_url,
            client_id=client_id,
            client_secret=client_secret,
            scope=scope,
            basic=basic,
            revoke_url=revoke_url,
            extra_fields=extra_fields,
            extra_headers=extra_headers,
            token_field=token_field,
            expires_field=expires_field,
            expires_unit=expires_unit,
            refresh_token_field=refresh_token_field,
            **options,
        )

    @classmethod
    def json_login(
        cls,
        *,
        token_url: str,
        body: Mapping[str, str] | None = None,
        method: Literal["POST", "PUT", "PATCH", "GET"] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        token_field: str | None = None,
        expires_field: str | None = None,
        expires_unit: ExpiresUnit | None = None,
        refresh_url: str | None = None,
        refresh_token_field: str | None = None,
        refresh_field: str | None = None,
        refresh_bearer: Literal["refresh_token", "access_token"] | None = None,
        success: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """A client for a login route of your own, described field by field.

        Args:
            token_url: The login's URL.
            body: The login's fields, sent as a JSON object: `{"user": "…", "password": "…"}`. Dots lead into objects:
                "user.email" is sent as `{"user": {"email": …}}`.
            method: The login's method; default "POST". "GET" is for credentials that are headers only.
            extra_headers: Further headers of the login and the refresh; their values are treated as secrets.
            token_field: Where the token is in the response: keys and indices separated by dots ("data.access.token"),
                or "header:NAME"; default "token".
            expires_field: Where its expiry is, in the same notation; default "expires_in".
            expires_unit: What it counts: "s" (default) or "ms" of life; "unix", "unix_ms" or "iso8601" for an instant.
            refresh_url: The route that takes a refresh token. Without one, each renewal is a login.
            refresh_token_field: Where the refresh token is in the response; default "refresh_token".
            refresh_field: The field of the refresh request that carries it; default "refresh_token".
            refresh_bearer: The Bearer of the refresh request; default: none.
            success: A condition on the response for servers that refuse with status 200: "field" (neither false, 0, empty
                nor absent) or "field=value".
            **options: The options common to all, see `Client`.
        """
        return cls.from_options(
            "json_login",
            token_url=token_url,
            body=body,
            method=method,
            extra_headers=extra_headers,
            token_field=token_field,
            expires_field=expires_field,
            expires_unit=expires_unit,
            refresh_url=refresh_url,
            refresh_token_field=refresh_token_field,
            refresh_field=refresh_field,
            refresh_bearer=refresh_bearer,
            success=success,
            **options,
        )
