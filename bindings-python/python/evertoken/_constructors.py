"""The constructors, which the synchronous and the asynchronous client share."""

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
    """One constructor for each flow, `from_options` for a flow by name, and `from_profile`."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __new__(cls, flow: str | None, options: dict[str, Any], *, profile: tuple[str, Path | None] | None = None) -> Self: ...

    @classmethod
    def from_options(cls, flow: str, /, **options: Any) -> Self:
        """A client for the flow of this name.

        Args:
            flow: "pismo", "passkit", "wso2", "password", "client_credentials" or "json_login".
            **options: The options of the constructor of that name.

        >>> options = {"server_key": server_key, "server_secret": server_secret, "base_url": base_url}
        >>> Client.from_options("pismo", **options).state().standing
        'none'
        """
        return cls(flow, options)

    @classmethod
    def from_profile(cls, name: str, /, *, path: Path | None = None, **options: Any) -> Self:
        """A client from a profile: named options in the file `evertoken.toml`, which every language reads.

        Waits for the commands of the profile, at most 30 s for each. Secrets in the file itself, and other risks, cause a UserWarning.

        Args:
            name: The profile's name.
            path: The file. None: the first of $EVERTOKEN_CONFIG, ./evertoken.toml and ~/.config/evertoken/evertoken.toml.
            **options: Options that override those of the profile.

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
            account_id: Request a token for this account only; it is part of the token's identity.
            external_account_id: The account's external id, sent with the login.
            secret_field: The secret's field in the login: "server_secret" (default), or "secret_key" for older installations.
            token_url: The login's URL; default: the documented path below `base_url`.
            **options: The common options, see `Client`. `base_url` is required, because production hosts are not published.
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
        """A client for PassKit, with user name and password, or with a token from the portal.

        Args:
            username: The user name.
            password: The password.
            token: A long-lived token from the portal, instead of user name and password. Then a 401 cannot be healed.
            region: "pub1" (Europe, default) or "pub2" (USA); part of the token's identity.
            two_fa_token: The token for two-factor authentication, if the account uses it.
            two_fa_code: The code for two-factor authentication.
            token_url: The login's URL; default: the documented path below the region's host.
            **options: The common options, see `Client`.
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
        """A client for a WSO2 API Manager, with the password grant and refresh tokens.

        Args:
            token_url: The token endpoint, such as "https://gateway:8243/token".
            consumer_key: The application's consumer key.
            consumer_secret: The application's consumer secret.
            username: The user, such as "john@johns.org", or "john@johns.org@org" without `organization`.
            password: The user's password.
            organization: The organization key that is added to `username`.
            scope: The scopes to request.
            device: A name for this program, which gives it a token of its own, by requesting the scope "device_<name>".
            revoke_url: The revocation endpoint; default: "…/revoke" beside `token_url`.
            **options: The common options, see `Client`.
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
            client_id: The client's id; none for servers that know no clients, such as most programs with FastAPI.
            client_secret: The client's secret.
            scope: The scopes to request.
            basic: How id and secret are sent: by HTTP Basic in "form" (default, RFC 6749 §2.3.1), "percent" or "raw" encoding, or
                in the "body".
            revoke_url: The revocation endpoint (RFC 7009), for `close(revoke=True)`.
            extra_fields: Further form fields of the token request.
            extra_headers: Further headers of the token request.
            token_field: Where the token is in the response: a dotted path, "header:NAME", or "." for the whole body; default
                "access_token".
            expires_field: Where its lifetime is in the response: a dotted path; default "expires_in".
            expires_unit: The unit of `expires_field`: "s" (default) or "ms" for a lifetime; "unix", "unix_ms" or "iso8601" for the
                time when it expires.
            refresh_token_field: Where the refresh token is in the response: a dotted path; default "refresh_token".
            **options: The common options, see `Client`.
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
            **options: The common options, see `Client`.
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
        """A client for any other login with JSON, described field by field.

        Args:
            token_url: The login's URL.
            body: The login's fields, sent as a JSON object: `{"user": "…", "password": "…"}`. Dots lead into objects:
                "user.email" is sent as `{"user": {"email": …}}`.
            method: The login's method; default "POST". Use "GET" if all credentials are headers.
            extra_headers: Further headers of the login and the refresh; their values are treated as secrets.
            token_field: Where the token is in the response: keys and indices separated by dots ("data.access.token"),
                "header:NAME", or "." for the whole body; default "token".
            expires_field: Where its expiry is, in the same notation; default "expires_in".
            expires_unit: The unit of `expires_field`: "s" (default) or "ms" for a lifetime; "unix", "unix_ms" or "iso8601" for the
                time when it expires.
            refresh_url: The URL that takes a refresh token. Without one, each renewal is a login.
            refresh_token_field: Where the refresh token is in the response; default "refresh_token".
            refresh_field: The field of the refresh request that carries it; default "refresh_token".
            refresh_bearer: The token that the refresh request carries as Bearer; default: none.
            success: The condition for success, for servers that refuse logins with status 200: "field" (present, and neither false,
                0 nor empty) or "field=value".
            **options: The common options, see `Client`.
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
