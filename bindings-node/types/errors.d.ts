/** The stable codes, one per kind of failure. */
export type ErrorCode =
  /** An option, a credential or a URL is missing, malformed or contradicts another. */
  | 'config_invalid'
  /** The server refused the credentials, the grant or the scope. Logins stay paused until they change or `reset()`. */
  | 'credentials_rejected'
  /** The server says that the account is locked or disabled. */
  | 'locked_out'
  /** The server asked for fewer requests. Wait `retryAfter`. */
  | 'rate_limited'
  /** The server failed. */
  | 'server_unavailable'
  /** No connection could be made, or it was lost. */
  | 'unreachable'
  /** The TLS handshake failed: certificate, host name, protocol. */
  | 'tls'
  /** No response came in time. */
  | 'timed_out'
  /** The server's response is not what was asked for. */
  | 'bad_response'
  /** The server keeps issuing a token that was refused or is about to expire. */
  | 'same_token'
  /** The URL does not belong to an origin that may receive the token. */
  | 'origin_refused'
  /** The caller's signal fired. `name` is `'AbortError'`, `cause` the signal's reason. */
  | 'cancelled'
  /** The client was closed. */
  | 'closed'
  /** Reserved for token stores: nothing fails with it yet. */
  | 'store'
  /** A defect in this library. */
  | 'internal'

/** All codes, in the order of the error table. */
export declare const ERROR_CODES: readonly ErrorCode[]

/** What an error may hold besides its code and message. */
export interface ErrorDetails {
  /** Whether the same call may succeed later. Default: what the code says. */
  retryable?: boolean
  /** The status of the response that caused it. */
  httpStatus?: number | null
  /** The provider's own code. */
  providerCode?: string | null
  /** The provider's own message. */
  providerMessage?: string | null
  /** Milliseconds to wait before the next attempt. */
  retryAfter?: number | null
  /** The fingerprint of the token it concerns. */
  fingerprint?: string | null
  /** The identity it concerns. */
  identity?: string | null
  /** What led to it. */
  cause?: unknown
}

/**
 * Every failure of this package. It holds no secret and no raw body; neither do its message, its inspection and its
 * JSON form.
 *
 * `switch (error.code)` is exhaustive over {@link ErrorCode}; `instanceof` works across ESM and CommonJS.
 */
export declare class EvertokenError<Code extends ErrorCode = ErrorCode> extends Error {
  /** `'AbortError'` where the caller cancelled the call, as with Node's own calls. */
  readonly name: Code extends 'cancelled' ? 'AbortError' : 'EvertokenError'
  /** For tests of code that handles errors. */
  constructor(code: Code, message: string, details?: ErrorDetails)
  /** Whether `value` is such an error. A `switch` over its `code` narrows it. */
  static is(value: unknown): value is AnyEvertokenError
  /** Whether `value` is such an error of this code. */
  static is<Code extends ErrorCode>(value: unknown, code: Code): value is EvertokenError<Code>
  /** The kind of failure. */
  readonly code: Code
  /** Whether the same call may succeed later without a change to the configuration. */
  readonly retryable: boolean
  /** The status of the response that caused it. */
  readonly httpStatus: number | null
  /** The provider's own code, such as `invalid_grant` or `900901`. */
  readonly providerCode: string | null
  /** The provider's own message: one line, at most 300 characters, secrets removed. */
  readonly providerMessage: string | null
  /** Milliseconds to wait before the next attempt. */
  readonly retryAfter: number | null
  /** The fingerprint of the token it concerns: 8 hex digits. */
  readonly fingerprint: string | null
  /** The identity it concerns, without secrets: fit for a log. */
  readonly identity: string | null
  /** What `JSON.stringify` writes: the fields above, without `cause`. */
  toJSON(): { name: string; code: Code; message: string; retryable: boolean } & Required<Omit<ErrorDetails, 'cause' | 'retryable'>>
}

/** Every failure as a union that `code` tells apart. */
export type AnyEvertokenError = { [Code in ErrorCode]: EvertokenError<Code> }[ErrorCode]

export {}
