/**
 * What the constructors take. Durations are milliseconds. Unknown and contradicting options are refused by name
 * with the code `config_invalid`.
 */

/** A URL as text or as a `URL`. */
export type UrlLike = string | URL

/** Options of every client. */
export interface CommonOptions {
  /**
   * The API: relative URLs and the origin that the token may go to come from it. Default: the provider's own host
   * where there is one, else the origin of the token URL.
   */
  baseUrl?: UrlLike
  /** Other origins (scheme, host and port) that the token may go to. */
  allowedOrigins?: readonly UrlLike[]
  /** The word before the token. `''` sends the bare token. Default `'Bearer'` (RFC 6750 §2.1). */
  authScheme?: string
  /** Deadline of a call that names none, and of a login with all its tries. Milliseconds, default 30 000. */
  timeout?: number
  /** How long it may take to establish a connection. Milliseconds, default 5 000. */
  connectTimeout?: number
  /** A file of PEM certificates to trust besides the platform's and Mozilla's. */
  caFile?: UrlLike
  /** A PEM file with a certificate chain and its unencrypted key, or the two files `[certificate, key]`. */
  clientCert?: UrlLike | readonly [certificate: UrlLike, key: UrlLike]
  /**
   * The proxy for all requests: an `http`, `https`, `socks5` or `socks5h` URL, with the proxy's credentials in it if it wants any.
   * Default: the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) for other machines than this.
   */
  proxy?: UrlLike
  /** The life of a token about which the server says nothing. Milliseconds; default: until it is refused (Pismo: 600 000). */
  defaultLife?: number
  /** With this much life left a token is renewed in the background. Milliseconds; default 20 % of its life, between 5 000 and 300 000. */
  softWindow?: number
  /** With this much life left callers wait for the next token. Milliseconds; default 2 % of its life, between 1 000 and 10 000. */
  hardWindow?: number
  /** Tries of one login when there is no token to serve. 1 to 10, default 3. */
  maxAttempts?: number
  /** Renew by timer even without traffic. Default false: an idle program should not log in for ever. */
  keepWarm?: boolean
  /** Allow http to other machines. Default false: it shows secrets and tokens to everyone on the way. */
  allowInsecureHttp?: boolean
  /** Accept any certificate. Default false: anyone on the way could read the secrets. Prefer `caFile`. */
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
  /** `'pub1'` is Europe, `'pub2'` the USA. The wrong one logs in and then finds nothing. Default `'pub1'`. */
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

/** PassKit with a token pasted from the portal. There is no login behind it: once refused, it stays refused. */
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
  /** Scopes to ask for, as a list or separated by spaces. The server may grant fewer. */
  scope?: string | readonly string[]
  /** Default: beside a token URL that ends in `/token`. */
  revokeUrl?: UrlLike
  /** Asks for the scope `device_<name>`: a token of its own, which another process with another name does not revoke. */
  device?: string
}

/** What both grants of RFC 6749 take. */
export interface OAuth2Options extends CommonOptions {
  /** The token endpoint (RFC 6749 §3.2). */
  tokenUrl: UrlLike
  /** Scopes to ask for, as a list or separated by spaces. */
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
  /** Where the token stands in the response: a dotted path or `header:NAME`. Default `'access_token'`. */
  tokenField?: string
  /** Where the expiry stands. Default `'expires_in'`. */
  expiresField?: string
  /** What the expiry counts: life in seconds or milliseconds, or an instant. Default `'s'`. */
  expiresUnit?: ExpiresUnit
  /** Where the refresh token stands. Default `'refresh_token'`. */
  refreshTokenField?: string
}

/** What an expiry counts: life in seconds or milliseconds; an instant in seconds or milliseconds since 1970, or as text. */
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
  /** Where the token stands in the response: keys and indices separated by dots, or `header:NAME`. Default `'token'`. */
  tokenField?: string
  /** Where the expiry stands. Default `'expires_in'`. */
  expiresField?: string
  /** What the expiry counts: life in seconds or milliseconds, or an instant. Default `'s'`. */
  expiresUnit?: ExpiresUnit
  /** Where the refresh token stands. Default `'refresh_token'`. */
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
