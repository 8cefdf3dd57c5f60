/// <reference types="node" />

import type { Readable } from 'node:stream'
import type { EvertokenError } from './errors.js'

/** Why a 401 was given back. */
export type GiveBackReason =
  /** The request did not carry the token: its origin is not one the token may go to. */
  | 'foreign_origin'
  /** The token is not the cause: it lacks a right, or a subscription, a quota, an API key or the like is. */
  | 'insufficient_rights'
  /** The resend was refused too. */
  | 'refused_again'
  /** The body was a stream that can be sent only once; the token is renewed for the next call. */
  | 'body_not_replayable'
  /** The renewal failed; `error` says why. */
  | 'renewal_failed'
  /** Recent renewals did not help; none is made for a while. */
  | 'storm_guard'
  /** A pasted token was refused and there are no credentials to log in with. */
  | 'not_renewable'
  /** The server issued the refused token again. */
  | 'same_token'

/** What is known about a 401 that was given back. */
export interface GivenBack {
  /** Why it was not healed. */
  readonly reason: GiveBackReason
  /** The renewal that failed, with `renewal_failed` and `same_token`. */
  readonly error: EvertokenError | null
}

/** Headers in any of their usual forms. */
export type HeadersLike =
  | Headers
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string | number | readonly string[] | null | undefined>>

/** Values of a query. A list repeats its name, a Date is written as ISO 8601; null and undefined are left out. */
export type QueryLike = URLSearchParams | Readonly<Record<string, QueryValue | readonly QueryValue[]>>
type QueryValue = string | number | bigint | boolean | Date | null | undefined

/** A body that can be sent again after a 401. */
export type ReplayableBody = string | ArrayBuffer | ArrayBufferView | Blob | FormData | URLSearchParams
/** A body that can be sent only once: a 401 is given back, and the token is renewed for the next call. */
export type OneShotBody = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

interface CommonRequestOptions {
  /** Headers of the request; `Authorization` is refused, because the client sets it. */
  headers?: HeadersLike | null
  /** Added to the URL's own query. */
  query?: QueryLike | null
  /** Milliseconds for the whole call, the token and the body included; `Infinity` for none. Default: the client's. */
  timeout?: number
  /** Milliseconds to establish a connection. Calls with another value use connections of their own. Default: the client's. */
  connectTimeout?: number
  /**
   * Milliseconds that the server may be silent, that is, no piece of its response arrives and no piece of the body is
   * sent. Waiting for a token does not count. Default: no limit but `timeout`.
   */
  readTimeout?: number
  /** Cancels this call and no other: it rejects with `cancelled`, reading the body included. */
  signal?: AbortSignal | null
  /** `'manual'` gives the redirect back. Default `'follow'`: on every hop the token is sent to allowed origins only. */
  redirect?: 'follow' | 'manual'
}

interface BodyOptions {
  /** The body. Strings are `text/plain;charset=UTF-8` and forms what they are, unless `content-type` is given. */
  body?: ReplayableBody | OneShotBody | null
  json?: never
}

interface JsonOptions {
  /** A value to send as JSON, with its content type. */
  json: unknown
  body?: never
}

/** What `request()` takes. */
export type RequestOptions = CommonRequestOptions & (BodyOptions | JsonOptions) & { stream?: false }
/** What `request()` takes for a response that is read piece by piece. */
export type StreamedRequestOptions = CommonRequestOptions & (BodyOptions | JsonOptions) & { stream: true }
/** What `request()` takes if a variable decides how the response is read: for functions that pass options on. */
export type EitherRequestOptions = CommonRequestOptions & (BodyOptions | JsonOptions) & { stream?: boolean }

interface ResponseHead {
  readonly status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  readonly headers: Headers
  /** The URL that answered, after redirects. */
  readonly url: string
  /** `'1.0'`, `'1.1'` or `'2'`. */
  readonly httpVersion: string
  /** Why a 401 was not healed; null for any other response. */
  readonly auth: GivenBack | null
}

/** A response with its whole body. */
export declare class ClientResponse implements ResponseHead {
  private constructor()
  /** The status code. */
  readonly status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  /** The headers of the response. */
  readonly headers: Headers
  /** The URL that answered, after redirects. */
  readonly url: string
  /** `'1.0'`, `'1.1'` or `'2'`. */
  readonly httpVersion: string
  /** Why a 401 was not healed; null for any other response. */
  readonly auth: GivenBack | null
  /** The whole body. */
  readonly body: Buffer
  /** The body as UTF-8. */
  text(): string
  /**
   * The body as JSON.
   * @throws {EvertokenError} `bad_response` if the body is no JSON; the message does not quote it.
   */
  json<T = unknown>(): T
  /** What `JSON.stringify` writes: neither the body nor the query of the URL. */
  toJSON(): { status: number; url: string; httpVersion: string; auth: GivenBack | null; bodyLength: number }
}

/** A response whose body is still to be read, once: by iterating, or by one of the methods. */
export declare class StreamedResponse implements ResponseHead, AsyncIterable<Buffer> {
  private constructor()
  /** The status code. */
  readonly status: number
  /** Whether the status is 200 to 299. */
  readonly ok: boolean
  /** The headers of the response. */
  readonly headers: Headers
  /** The URL that answered, after redirects. */
  readonly url: string
  /** `'1.0'`, `'1.1'` or `'2'`. */
  readonly httpVersion: string
  /** Why a 401 was not healed; null for any other response. */
  readonly auth: GivenBack | null
  /** Whether the body has been read, or the connection released. */
  readonly bodyUsed: boolean
  /**
   * The body piece by piece; leaving early releases the connection.
   * @throws {EvertokenError} `unreachable`, `timed_out` and `cancelled`; a `TypeError` if it was read before
   */
  [Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined>
  /** The body as a Node.js stream. */
  readable(): Readable
  /** Releases the connection without reading the rest. */
  cancel(): void
  /** The whole body. */
  bytes(): Promise<Buffer>
  /** The whole body as UTF-8. */
  text(): Promise<string>
  /**
   * The whole body as JSON.
   * @throws {EvertokenError} `bad_response` if the body is no JSON; the message does not quote it.
   */
  json<T = unknown>(): Promise<T>
  /** What `JSON.stringify` writes: not the query of the URL. */
  toJSON(): { status: number; url: string; httpVersion: string; auth: GivenBack | null }
}

export {}
