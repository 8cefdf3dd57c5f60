/// <reference types="node" />

import type {
  Client,
  ClientCredentialsOptions,
  PassKitOptions,
  PasswordOptions,
  PismoOptions,
  Wso2Options,
} from './index.js'

/** Anything that is JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }
type JsonObject = { readonly [name: string]: Json }

/** Requests and responses counted by the sandbox. */
export interface ProviderCounts {
  /** Requests to log in. */
  login: number
  /** Requests to refresh. */
  refresh: number
  /** Requests to revoke. */
  revoke: number
  /** Requests to the API. */
  api: number
  /** Those of them that were answered 401. */
  api_401: number
  /** Logins of an identity that had a valid token with more than half of its lifetime left. */
  superfluous_logins: number
}

/** What the sandbox counts. */
export interface Counts {
  /** Pismo Passport. */
  pismo: ProviderCounts
  /** PassKit. */
  passkit: ProviderCounts
  /** The WSO2 gateway. */
  wso2: ProviderCounts
  /** The plain OAuth 2.0 server. */
  plain: ProviderCounts
  /** All of them, and what belongs to none. */
  total: ProviderCounts & { requests: number; answered: number; other: number }
  /** By method and path: `{ 'POST /token': 1 }`. */
  paths: Record<string, number>
  /** Requests that reached the foreign origin. */
  foreign: number
  /** Requests for which a script had no response left. */
  script_exhausted: number
  /** Requests that were not what a script expected. */
  expect_failed: number
  /** Connections accepted. */
  connections: number
  /** Requests that a gate holds now. */
  held: number
}

/** What to wait for: so many requests held, come in or answered. Rejects after `timeout_ms` (30 000). */
export type Wait =
  | { held: number; timeout_ms?: number }
  | { requests: number; route?: string; provider?: Provider; timeout_ms?: number }
  | { answered: number; route?: string; provider?: Provider; timeout_ms?: number }

/** The servers of the sandbox. */
export type Provider = 'pismo' | 'passkit' | 'wso2' | 'plain'

/**
 * The providers on loopback, inside this process, with a virtual clock, faults and exact counts. Works under any test
 * runner. Nothing of it keeps the process alive; `close()` frees its ports.
 */
export declare class Sandbox implements AsyncDisposable {
  /**
   * Starts one; it listens when this returns.
   * @param settings as the sandbox documents them, in its own spelling: `{ pismo: { life_secs: 60 }, https: true }`
   */
  static start(settings?: JsonObject): Sandbox
  /** As {@link Sandbox.start}. */
  constructor(settings?: JsonObject)

  /** Base URL of everything, plain http. */
  readonly url: string
  /** The same service at another origin. */
  readonly foreignUrl: string
  /** Base URL over TLS; null without the setting `https`. */
  readonly httpsUrl: string | null
  /** Addresses, certificates and credentials, as the command `evertoken sandbox` prints them. */
  readonly info: Readonly<Record<string, any>>
  /** The credentials that are accepted now. */
  readonly credentials: Readonly<Record<Provider, Record<string, any>>>

  /** A client that logs in here as Pismo has it; options are set on top of what it needs. */
  pismo(options?: Partial<PismoOptions>): Client
  /** The same with PassKit. */
  passkit(options?: Partial<PassKitOptions>): Client
  /** The same with the WSO2 gateway. */
  wso2(options?: Partial<Wso2Options>): Client
  /** The same with the plain OAuth 2.0 server, by password grant. */
  password(options?: Partial<PasswordOptions>): Client
  /** The same by client credentials. */
  clientCredentials(options?: Partial<ClientCredentialsOptions>): Client

  /** Any control call: `control('POST', '/faults', …)`. Not for waits, which have a method of their own. */
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: Json): any
  /** Changes settings; null puts a default back. */
  configure(settings: JsonObject): any
  /** Arms one fault or a list of them. */
  arm(faults: JsonObject | readonly JsonObject[]): { armed: number }
  /** Loads a script: responds in order, route by route. */
  script(routes: JsonObject): { routes: number }
  /** Moves the sandbox's clock, in milliseconds; negative steps back. */
  advance(millis: number): { now_ms: number; now: string; offset_ms: number }
  /** Kills tokens now. */
  revoke(what?: { provider?: Provider; what?: 'all' | 'access' | 'refresh' }): { access: number; refresh: number }
  /** Someone else renews every live grant, or changes a provider's secret. */
  rotate(what?: { provider?: Provider; secret?: boolean }): any
  /** What was asked so far; exact. */
  counts(): Counts
  /** What was asked, in order; secrets as fingerprints. */
  journal(): Array<Record<string, any>>
  /** Lets requests go on that a gate holds: all, or the oldest `count`. */
  release(count?: number): { released: number; held: number }
  /** As just started: settings, clock, faults, script, tokens, journal. */
  reset(): void

  /**
   * Waits for requests without polling.
   * @throws {Error} once `timeout_ms` are over
   */
  wait(what: Wait): Promise<Record<string, number>>
  /** Resolves once at least `count` requests are held by a gate. */
  waitHeld(count: number): Promise<number>
  /** Resolves once at least `count` requests have come in. */
  waitRequests(count: number, route?: string): Promise<number>

  /** Stops it and frees its ports. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export {}
