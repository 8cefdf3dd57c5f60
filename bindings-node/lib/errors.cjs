'use strict'

// The errors. The ESM and the CommonJS entry share this module, so that `instanceof` works across both.

const native = require('./native.cjs')

const kinds = new Map(native.errorKinds().map((kind) => [kind.code, kind]))

/** What an error has besides its code and message; null if it is unknown. */
const NOTHING = Object.freeze({
  httpStatus: null,
  providerCode: null,
  providerMessage: null,
  retryAfter: null,
  fingerprint: null,
  identity: null,
})

class EvertokenError extends Error {
  constructor(code, message, details = {}) {
    const kind = kinds.get(code)
    if (kind === undefined) throw new TypeError(`${String(code)} is not an error code`)
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryable = details.retryable ?? kind.retryable
    for (const [name, nothing] of Object.entries(NOTHING)) this[name] = details[name] ?? nothing
    // As with Node's own aborted calls, so that code which checks for the name works.
    if (code === 'cancelled') Object.defineProperty(this, 'name', { value: 'AbortError', configurable: true, writable: true })
  }

  static is(value, code) {
    return value instanceof EvertokenError && (code === undefined || value.code === code)
  }

  toJSON() {
    const { name, message, code, retryable } = this
    const json = { name, code, message, retryable }
    for (const detail of Object.keys(NOTHING)) json[detail] = this[detail]
    return json
  }
}

Object.defineProperty(EvertokenError.prototype, 'name', { value: 'EvertokenError', configurable: true, writable: true })

/** The error for the core's data. */
function fromFailure(failure) {
  return seenFrom(fromFailure, new EvertokenError(failure.code, failure.message, failure))
}

/** Makes the error's stack begin where `maker` was called: the frames above are of no use to the reader. */
function seenFrom(maker, error) {
  Error.captureStackTrace(error, maker)
  return error
}

/** An error of this package's own, with the hint of its kind. */
function own(code, message, details) {
  return seenFrom(own, new EvertokenError(code, `${message} (hint: ${kinds.get(code).hint})`, details))
}

/** `config_invalid` about one option. */
function invalid(name, problem) {
  return seenFrom(invalid, own('config_invalid', `${name}: ${problem}`))
}

/** What a call rejects with when its signal fires. */
function cancelled(signal) {
  return seenFrom(cancelled, own('cancelled', 'the caller gave up; what it waited for goes on for the others', { cause: signal.reason }))
}

/** A result of a native call, or the error it stands for. */
function valueOf(result) {
  if (result?.failed === true) throw seenFrom(valueOf, fromFailure(result))
  return result
}

module.exports = { EvertokenError, ERROR_CODES: Object.freeze([...kinds.keys()]), fromFailure, own, invalid, cancelled, valueOf }
