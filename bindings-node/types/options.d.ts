/**
 * What the constructors take. Durations are milliseconds. Unknown and contradicting options are refused by name
 * with the code `config_invalid`.
 */

/** A URL as text or as a `URL`. */
export type UrlLike = string | URL

/** Options of every client. */
export interface CommonOptions {
  /**
   * The API's URL: relative URLs are below it, and its origin may receive the token. Default: the provider's own host
   * where there is one, else the origin of the token URL.
   */
  baseUrl?: UrlLike
  /** Further origins (scheme, host and port) that may receive the token. */
  allowedOrigins?: readonly UrlLike[]
  /** The auth-scheme before the token. `''` sends the token alone. Default `'Bearer'` (RFC 6750 §2.1). */
  authScheme?: string
  /** Deadline of a login with all its attempts, and of every call that sets none of its own. Milliseconds, default 30 000. */
  timeout?: number
  /** How long it may take to establish a connection. Milliseconds, default 5 000. */
  connectTimeout?: number
  /** A file of PEM certificates to trust in addition to the platform's and Mozilla's. */
  caFile?: UrlLike
  /** A PEM file with a certificate chain and its unencrypted key, or the two files `[certificate, key]`. */
  clientCert?: UrlLike | readonly [certificate: UrlLike, key: UrlLike]
  /**
   * The proxy for all requests: an `http`, `https`, `socks5` or `socks5h` URL, which may contain the proxy's credentials.
   * Default: the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) except for this machine.
   */
  proxy?: UrlLike
  /** The lifetime of a token if the server states none. Milliseconds; default: until it is refused (Pismo: 600 000). */
  defaultLife?: number
  /**
   * With no more than this lifetime left, a token is renewed in the background. Milliseconds; default 20 % of its lifetime,
   * between 5 000 and 300 000.
   */
  softWindow?: number
  /**
   * With no more than this lifetime left, callers wait for the next token. Milliseconds; default 2 % of its lifetime,
   * between 1 000 and 10 000.
   */
  hardWindow?: number
  /** Attempts of one login while there is no token to serve. 1 to 10, default 3. */
  maxAttempts?: number
  /** Renew by timer even without traffic. Default false: an idle program should not keep logging in. */
  keepWarm?: boolean
  /** Allow http to other machines. Default false: everyone on the network path can read secrets and tokens. */
  allowInsecureHttp?: boolean
  /** Accept any certificate. Default false: anyone on the network path can then read the secrets. Prefer `caFile`. */
  dangerAcceptInvalidCerts?: boolean
  /** The `User-Agent` header of token requests and of `request()`. Default `evertoken/<version>`. */
  userAgent?: string
}

/** A server key and secret of Pismo Passport. */
export interface PismoOptions extends CommonOptions {
  /** The server key. */
  serverKey: string
  /** The server secret. */
  serverSecret: string
  /** Required in production, where nothing public tells it; the sandbox is `https://sandbox.pismolabs.io`. */
  baseUrl?: UrlLike
  /** Limits the token to this account. */
  accountId?: number | bigint | string
  /** The name under which the secret is sent. Default `'server_secret'`. */
  secretField?: 'server_secret' | 'secret_key'
  /** Sent too where it is given, as older documentation has it. */
  externalAccountId?: string
  /** Default: `passport/v2/s2s/access-token` below `baseUrl`. */
  tokenUrl?: UrlLike
}

interface PassKitCommonOptions extends CommonOptions {
  /** `'pub1'` is Europe, `'pub2'` the USA. In the wrong region the login succeeds but the account's data are missing. Default `'pub1'`. */
  region?: 'pub1' | 'pub2'
}

/** PassKit with user name and password. */
export interface PassKitLoginOptions extends PassKitCommonOptions {
  /** The user name of the portal. */
  username: string
  /** Its password. */
  password: string
  /** `twoFAToken` of the login, for an account with a second factor. */
  twoFaToken?: string
  /** `twoFACode` of the login, for an account with a second factor. */
  twoFaCode?: string
  /** Default: `login` below `baseUrl` or below the region's host. */
  tokenUrl?: UrlLike
  token?: never
}

/** PassKit with a token pasted from the portal. It cannot be renewed: once refused, it stays refused. */
export interface PassKitTokenOptions extends PassKitCommonOptions {
  /** The token as the portal shows it. */
  token: string
  username?: never
  password?: never
  twoFaToken?: never
  twoFaCode?: never
  tokenUrl?: never
}

/** PassKit by login or by a pasted token, never both. */
export type PassKitOptions = PassKitLoginOptions | PassKitTokenOptions

/** The password grant of a WSO2 gateway. */
export interface Wso2Options extends CommonOptions {
  /** Such as `https://gateway:8243/token`. */
  tokenUrl: UrlLike
  /** The consumer key of the application. */
  consumerKey: string
  /** Must not contain a colon: WSO2 itself takes it apart there. */
  consumerSecret: string
  /** As the server wants it (`john@johns.org@johnsorg`), or without the organization where that is given apart. */
  username: string
  /** The user's password. */
  password: string
  /** The organization key or tenant domain: the user name becomes `username@organization`. */
  organization?: string
  /** The scopes to request, as a list or separated by spaces. The server may grant fewer. */
  scope?: string | readonly string[]
  /** Default: beside a token URL that ends in `/token`. */
  revokeUrl?: UrlLike
  /** Requests the scope `device_<name>`, for a token of its own that processes with another name do not revoke. */
  device?: string
}

/** What both grants of RFC 6749 take. */
export interface OAuth2Options extends CommonOptions {
  /** The token endpoint (RFC 6749 §3.2). */
  tokenUrl: UrlLike
  /** The scopes to request, as a list or separated by spaces. */
  scope?: string | readonly string[]
  /**
   * How the client says who it is: in a Basic header with the pair form-encoded (RFC 6749 §2.3.1), percent-encoded or
   * as it is, or in the body. Default `'form'`.
   */
  basic?: 'form' | 'percent' | 'raw' | 'body'
  /** The revocation endpoint (RFC 7009). */
  revokeUrl?: UrlLike
  /** Further form fields of the token request, such as `audience`. */
  extraFields?: Readonly<Record<string, string>>
  /** Further headers of the token request. */
  extraHeaders?: Readonly<Record<string, string>>
  /** Where the token is in the response: a dotted path, `header:NAME`, or `.` for the whole body. Default `'access_token'`. */
  tokenField?: string
  /** Where the expiry is. Default `'expires_in'`. */
  expiresField?: string
  /** The unit of the expiry: a lifetime in seconds or milliseconds, or an instant. Default `'s'`. */
  expiresUnit?: ExpiresUnit
  /** Where the refresh token is. Default `'refresh_token'`. */
  refreshTokenField?: string
}

/** The unit of an expiry: a lifetime in seconds or milliseconds; an instant in seconds or milliseconds since 1970, or as text. */
export type ExpiresUnit = 's' | 'ms' | 'unix' | 'unix_ms' | 'iso8601'

/** The password grant (RFC 6749 §4.3). */
export interface PasswordOptions extends OAuth2Options {
  /** The resource owner's user name. */
  username: string
  /** The resource owner's password. */
  password: string
  /** The client, where the server wants one. */
  clientId?: string
  /** Without it the client is public (RFC 6749 §2.1) and its id goes into the body. */
  clientSecret?: string
}

/** The client credentials grant (RFC 6749 §4.4). */
export interface ClientCredentialsOptions extends OAuth2Options {
  /** The client's id. */
  clientId: string
  /** The client's secret. */
  clientSecret: string
}

/** A login with a JSON body, described field by field. */
export interface JsonLoginOptions extends CommonOptions {
  /** The login route. */
  tokenUrl: UrlLike
  /** `'GET'` is for credentials that are headers only. Default `'POST'`. */
  method?: 'POST' | 'PUT' | 'PATCH' | 'GET'
  /** The fields of the body: user name, password, client id. Dots lead into objects: `'user.email'` is sent as `{"user":{"email":…}}`. */
  body?: Readonly<Record<string, string>>
  /** Further headers, of the refresh too. */
  extraHeaders?: Readonly<Record<string, string>>
  /** Where the token is in the response: keys and indices separated by dots, `header:NAME`, or `.` for the whole body. Default `'token'`. */
  tokenField?: string
  /** Where the expiry is. Default `'expires_in'`. */
  expiresField?: string
  /** The unit of the expiry: a lifetime in seconds or milliseconds, or an instant. Default `'s'`. */
  expiresUnit?: ExpiresUnit
  /** Where the refresh token is. Default `'refresh_token'`. */
  refreshTokenField?: string
  /** The route that takes a refresh token. Without it every renewal is a login. */
  refreshUrl?: UrlLike
  /** The body field that the refresh token is sent in. Default `'refresh_token'`, or no body if it is the Bearer. */
  refreshField?: string
  /** The Bearer of the refresh request. Default: none. */
  refreshBearer?: 'refresh_token' | 'access_token'
  /**
   * A condition on a response with status 2xx, for servers that refuse with 200: `field` (neither false, 0, empty nor
   * absent) or `field=value`. Where it does not hold, the credentials are rejected.
   */
  success?: string
}

/** What a profile may be given on top: any option of its flow. */
export type ProfileOptions = CommonOptions & {
  /** The file. Default: `$EVERTOKEN_CONFIG`, `./evertoken.toml`, then the user's configuration folder. */
  path?: UrlLike
} & { readonly [option: string]: unknown }

export {}
