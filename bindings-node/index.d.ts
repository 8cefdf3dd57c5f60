/// <reference types="node" />

import type { EventEmitter } from 'node:events'
import type { EvertokenError } from './types/errors.js'
import type {
  ClientCredentialsOptions,
  JsonLoginOptions,
  PassKitOptions,
  PasswordOptions,
  PismoOptions,
  ProfileOptions,
  UrlLike,
  Wso2Options,
} from './types/options.js'
import type {
  ClientResponse,
  EitherRequestOptions,
  GiveBackReason,
  GivenBack,
  HeadersLike,
  RequestOptions,
  StreamedRequestOptions,
  StreamedResponse,
} from './types/request.js'

export * from './types/errors.js'
export * from './types/options.js'
export * from './types/request.js'

/** A call that may wait for a login. */
export interface WaitOptions {
  /** Milliseconds to wait; after that the login continues for the next caller. Default: the client's `timeout`. */
  timeout?: number
  /** Cancels this call and no other: it rejects with `cancelled`. */
  signal?: AbortSignal | null
}

/** What `token()` takes. */
export interface TokenOptions extends WaitOptions {
  /** Milliseconds that the token must stay valid. If tokens have no longer lifetime, half of it is required. Default 0. */
  minTtl?: number
}

/** A token. Inspecting or serializing it shows neither its value nor its claims. */
export declare class Token {
  private constructor()
  /** The token itself. */
  get value(): string
  /** The claims, not verified; null if the token is not a readable JWT. */
  get claims(): Readonly<Record<string, unknown>> | null
  /** When it expires on this machine's clock; null if it lives until refused. */
  readonly expiresAt: Date | null
  /** Its remaining lifetime in milliseconds when it was returned; null if it lives until refused. */
  readonly expiresIn: number | null
  /** The granted scope, separated by spaces, if the server named it. */
  readonly scope: string | null
  /** The first 8 hex digits of its SHA-256. */
  readonly fingerprint: string
  /** What `JSON.stringify` writes: neither the value nor the claims. */
  toJSON(): { fingerprint: string; expiresAt: Date | null; scope: string | null }
}

/** Permission to send one request to one URL, for HTTP libraries without an adapter here. */
export declare class Authorization {
  private constructor()
  /** The `Authorization` header's value. */
  get value(): string
  /** The URL it is for. */
  readonly url: string
}

/** What `judge()` must know about a response and its request. */
export interface JudgedResponse {
  /** The status code. */
  status: number
  /** The response's headers: `WWW-Authenticate` may say that the token is not the cause of a 401. */
  headers?: HeadersLike | null
  /** The body or its first kilobytes: a provider's error document may say that the token is not the cause of a 401. */
  body?: string | ArrayBuffer | ArrayBufferView | null
  /** Whether the whole request can be sent again. Default true. */
  replayable?: boolean
}

/** What to do about a response. */
export type Verdict =
  /** Nothing: this is the response. */
  | { action: 'done' }
  /** Send the same request again with this authorization, once, and judge that response as well. */
  | { action: 'resend'; authorization: Authorization }
  /** Nothing: this is the response, a 401 that was not healed. */
  | ({ action: 'give_back' } & GivenBack)

/** The state of an identity. */
export interface State {
  /**
   * How usable the token is. `soft`: served and due for renewal. `expired`: expired or refused. `locked_out`: there is none,
   * because the credentials were rejected and logins are paused.
   */
  standing: 'fresh' | 'soft' | 'expired' | 'none' | 'locked_out'
  /** The token's remaining lifetime in milliseconds. */
  expiresIn: number | null
  /** The token's fingerprint; null without one. */
  fingerprint: string | null
  /** How the token was obtained. */
  via: Via | null
  /** The last failure since the last success. */
  lastError: EvertokenError | null
  /** Milliseconds for which token requests are paused; null if they are not. */
  nextTryIn: number | null
}

/** How a token was obtained. */
export type Via = 'login' | 'refresh' | 'store'

/** Counters of an identity since its first use in this process. */
export interface Stats {
  /** Tokens returned by calls that asked for one; headers that a client keeps are not counted. */
  tokensServed: number
  /** Renewals started. */
  flights: number
  /** Renewals that ended without a token. */
  failures: number
  /** Logins that returned a token. */
  logins: number
  /** Refreshes that returned a token. */
  refreshes: number
  /** 401 responses that were judged. */
  refused: number
  /** Requests sent again. */
  resends: number
  /** 401s returned to the caller. */
  givenBack: number
  /** Callers waiting for a token now. */
  waiting: number
}

interface EventOf<Name extends string> {
  readonly name: Name
  /** The identity, without secrets: fit for a log. */
  readonly identity: string
}

/** The events of an identity. Tokens appear as fingerprints only; nothing here is a secret. */
export interface Events {
  /** A token request is about to be made. */
  flight_started: EventOf<'flight_started'>
  /** There is a new token. `expiresIn` in milliseconds; null if it lives until refused. */
  token_installed: EventOf<'token_installed'> & { readonly via: Via; readonly fingerprint: string; readonly expiresIn: number | null }
  /** A renewal ended without a token; the old one is served as long as it is valid. */
  flight_failed: EventOf<'flight_failed'> & { readonly error: EvertokenError }
  /** The API refused a token with 401. */
  refused: EventOf<'refused'> & { readonly fingerprint: string }
  /** A request is sent again. */
  resent: EventOf<'resent'> & { readonly fingerprint: string }
  /** A 401 is returned to the caller. */
  given_back: EventOf<'given_back'> & { readonly reason: GiveBackReason }
  /** The credentials were rejected; logins are paused for `pause` milliseconds. */
  locked_out: EventOf<'locked_out'> & { readonly pause: number; readonly error: EvertokenError }
}

/** The name of an event. */
export type EventName = keyof Events

type EventMap = { [Name in EventName]: [event: Events[Name]] }

/** A function like the platform's `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** The part of an axios instance that `attachAxios` needs. */
export interface AxiosLike {
  /** The instance's interceptors. */
  // axios' own types differ from version to version; what is used is checked when it is attached.
  interceptors: { request: { use(...hooks: never[]): number; eject(id: number): void } }
  /** Makes an instance with other defaults. */
  create(...args: never[]): unknown
}

/** Hooks for `got.extend({ hooks })`. */
export interface GotHooks {
  /** Adds the header; returns a promise only if it must wait for a login. */
  beforeRequest: [(options: any) => Promise<void> | undefined]
  /** Heals a 401. */
  afterResponse: [(response: any, retryWithMergedOptions: any) => any]
  /** Removes the header from the request that an error shows. */
  beforeError: [(error: any) => any]
}

/**
 * A client for one identity and one API. Clients with the same identity in one process, also in worker threads, share one
 * token and its renewal.
 *
 * It emits {@link Events}; the same objects are published on the `node:diagnostics_channel` channels
 * `evertoken:<name>`, once per client. A listener that throws becomes a process warning and harms nothing else. Where
 * OpenTelemetry has a provider, token requests are spans and counted, once for all clients.
 *
 * Only a pending call keeps the process alive. A client with listeners stays in memory until they are removed or it is
 * closed; any other is collected when nothing refers to it.
 */
export declare class Client extends EventEmitter<EventMap> implements AsyncDisposable {
  private constructor()

  /** Pismo Passport, server to server. */
  static pismo(options: PismoOptions): Client
  /** PassKit, by login or by a token from the portal. */
  static passkit(options: PassKitOptions): Client
  /** A WSO2 API gateway, by password grant. */
  static wso2(options: Wso2Options): Client
  /** Any OAuth 2.0 server, by password grant (RFC 6749 §4.3). */
  static password(options: PasswordOptions): Client
  /** Any OAuth 2.0 server, by client credentials (RFC 6749 §4.4). */
  static clientCredentials(options: ClientCredentialsOptions): Client
  /** A login with a JSON body, described field by field. */
  static jsonLogin(options: JsonLoginOptions): Client

  /**
   * The client that a profile in `evertoken.toml` describes, the file that all languages and the command line read. Options
   * in the file have its names and units (snake case, seconds), those given here JavaScript's. Blocks while a `command` of
   * the profile runs. Problems, such as secrets in clear text, are process warnings.
   */
  static fromProfile(name: string, options?: ProfileOptions): Client

  /** The identity, without secrets: fit for a log. */
  readonly identity: string
  /** The API's base URL. */
  readonly baseUrl: string

  /**
   * A token that is valid now, from memory if possible.
   * @throws {EvertokenError} any code but `origin_refused`
   */
  token(options?: TokenOptions): Promise<Token>

  /**
   * The `Authorization` header's value for a request to `url` (absolute or below `baseUrl`); without `url`, to the API.
   * @throws {EvertokenError} as `token()`; `origin_refused` if `url` may not receive the token
   */
  authorization(url?: UrlLike, options?: WaitOptions): Promise<string>
  /**
   * The same without waiting: takes a comparison or two while the token is fresh. If there is no valid token, it starts a
   * login and returns undefined; await `authorization()` then.
   * @throws {EvertokenError} `origin_refused`, `closed`, and the error of a failed login until the next one is due
   */
  authorizationSync(url?: UrlLike): string | undefined
  /** `{ authorization }`, to spread into the headers of a request to `url`. */
  headersFor(url: UrlLike, options?: WaitOptions): Promise<{ authorization: string }>

  /** For HTTP libraries without an adapter here: an authorization for a request to `url`, to be passed to `judge()` with the response. */
  authorize(url: UrlLike, options?: WaitOptions): Promise<Authorization>
  /** Decides what to do about a response. Renews the token if that may help against a 401; callers with the same refused token share one renewal. */
  judge(authorization: Authorization, response: JudgedResponse, options?: Pick<WaitOptions, 'signal'>): Promise<Verdict>

  /**
   * The platform's fetch, which adds the header and heals a 401. Every option works; relative URLs are below `baseUrl`;
   * redirects are followed hop by hop, and the token is sent to allowed origins only. A 401 that could not be healed is a
   * Response like any other: see `authOf()`.
   *
   * After a 401 strings, bytes, Blobs, FormData and URLSearchParams are sent again; if the body is a stream, the 401 is
   * returned. A Request's body is read into memory first.
   *
   * @throws {EvertokenError} as `token()`; `origin_refused` for a foreign URL; otherwise what fetch throws
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * A fetch like `client.fetch` on top of another one. Requests that must not carry the token are passed on unchanged: those
   * to foreign URLs, and those with an Authorization header of their own.
   */
  wrapFetch(fetch?: Fetch): Fetch

  /**
   * A request through the core, with its own HTTP/1.1 and HTTP/2 connections, several times as fast as fetch. `url` is
   * absolute or below `baseUrl`. Every response resolves; a 401 that could not be healed has `auth`.
   * @throws {EvertokenError} any code
   */
  request(method: string, url: UrlLike, options?: RequestOptions): Promise<ClientResponse>
  /** The same with `stream: true`: resolves with the head; the body is read piece by piece. */
  request(method: string, url: UrlLike, options: StreamedRequestOptions): Promise<StreamedResponse>
  /** The same if a variable decides on `stream`. */
  request(method: string, url: UrlLike, options: EitherRequestOptions): Promise<ClientResponse | StreamedResponse>

  /**
   * An interceptor for `new Agent().compose(…)` of undici 6 and later. Compose a redirect interceptor after it, so that each
   * hop passes through it. Requests without a known origin, as those to a `Pool` or `Client` without `origin`, are passed on
   * unchanged. A failed login is the request's error.
   */
  undiciInterceptor(): (dispatch: any) => any
  /**
   * Attaches this client to an axios instance; returns a function that detaches it. Relative URLs are below `baseUrl` unless
   * the instance has its own. Interceptors and transforms see one request. No `config` that a program sees, and nothing that
   * is printed of a response or an error, contains the token.
   * @throws {EvertokenError} `config_invalid` if `instance` is not an axios instance
   */
  attachAxios(instance: AxiosLike): () => void
  /** Hooks for `got.extend({ hooks: client.gotHooks() })`. */
  gotHooks(): GotHooks

  /**
   * Why this response is a 401 that was not healed; null for any other. Takes responses of `fetch`, `wrapFetch`, `request`,
   * axios, got and undici's `request` and `stream`. undici 6 loses it if a redirect interceptor is composed as well.
   */
  authOf(response: object): GivenBack | null

  /** The identity's state. */
  state(): State
  /** Counters of the identity. */
  stats(): Stats
  /** Ends pauses after failures. To be called once their cause is fixed. */
  reset(): void
  /** Makes the next call renew the token, as if an API had refused it. */
  invalidate(): void

  /**
   * Closes this client: later calls fail with `closed`, pending requests complete as usual, other clients of the identity
   * are not affected. Idempotent.
   * @param options `revoke`: revoke the token at the server first, if the provider has a revocation endpoint. Default false.
   * @throws {EvertokenError} with `revoke`: why the token could not be revoked; the client is closed all the same
   */
  close(options?: { revoke?: boolean }): Promise<void>
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>

  /** What `JSON.stringify` writes: no secret. */
  toJSON(): { identity: string; fingerprint: string | null }
}
