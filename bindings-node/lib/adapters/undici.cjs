'use strict'

// An interceptor for undici's dispatchers: `new Agent().compose(client.undiciInterceptor())`.
//
// undici 6 tells handlers about raw headers through `onHeaders`, later ones about parsed headers through
// `onResponseStart`. Both are spoken here; which one shows in the handler that is passed in.

const { isBytes } = require('../bytes.cjs')
const { PREFIX_BYTES } = require('../prefix.cjs')

function undiciInterceptor(gate) {
  return (dispatch) =>
    function authorized(options, handler) {
      const url = urlOf(options)
      if (url === undefined || !gate.allows(url) || carries(options.headers)) return dispatch(options, handler)
      const exchange = new Exchange(gate, dispatch, options, handler, url)
      let kept
      try {
        kept = gate.fresh()
      } catch (error) {
        exchange.fail(error)
        return true
      }
      if (kept !== undefined) return exchange.send(kept)
      gate
        .authorize()
        .then((header) => exchange.send(header))
        .catch((error) => exchange.fail(error))
      return true
    }
}

/** One request and its resend, as one for the handler. */
class Exchange {
  #gate
  #dispatch
  #options
  #handler
  #waiting
  #attempts = 0
  /** The connection's controller at the moment; the handler holds this one throughout. */
  #target
  controller = {
    abort: (reason) => this.#abort(reason),
    pause: () => this.#target?.pause?.(),
    resume: () => this.#target?.resume?.(),
    aborted: false,
    reason: null,
    exchange: this,
    get paused() {
      return this.exchange.target?.paused ?? false
    },
    get rawHeaders() {
      return this.exchange.target?.rawHeaders ?? null
    },
    get rawTrailers() {
      return this.exchange.target?.rawTrailers ?? null
    },
  }

  constructor(gate, dispatch, options, handler, url) {
    this.#gate = gate
    this.#dispatch = dispatch
    this.#options = options
    this.#handler = handler
    this.url = url
    this.isModern = typeof handler.onRequestStart === 'function'
    Object.defineProperty(this.controller, 'exchange', { enumerable: false })
  }

  get target() {
    return this.#target
  }

  get handler() {
    return this.#handler
  }

  send(kept) {
    this.#attempts += 1
    const options = { ...this.#options, headers: withHeader(this.#options.headers, kept.header) }
    return this.#dispatch(options, this.isModern ? new Modern(this, kept) : new Legacy(this, kept))
  }

  /** A connection is there; true if the handler has not been told of one yet. */
  connected(target) {
    this.#target = target
    if (this.controller.aborted) target.abort(this.controller.reason)
    return this.#attempts === 1
  }

  /** Whether an answer is held back until its verdict; others are noted. */
  holds(kept, status) {
    if (status === 401) return true
    this.#gate.note(kept, status)
    return false
  }

  /** The header to send again with, or undefined to give the answer back. Never rejects. */
  async verdict(kept, headers, body) {
    this.#waiting = new AbortController()
    const replayable = isReplayable(this.#options.body)
    const seen = { url: this.url, status: 401, headers, body: Buffer.concat(body).subarray(0, PREFIX_BYTES), replayable }
    try {
      return (await this.#gate.judge(kept, seen, this.#waiting.signal)).kept
    } catch {
      return undefined
    } finally {
      this.#waiting = undefined
    }
  }

  fail(error) {
    if (this.isModern) this.#handler.onResponseError?.(this.controller, error)
    else this.#handler.onError(error)
  }

  #abort(reason) {
    if (this.controller.aborted) return
    this.controller.aborted = true
    this.controller.reason = reason ?? null
    this.#waiting?.abort()
    this.#target?.abort(reason)
  }
}

/** What both kinds of handlers do with an answer that is held back. */
class Held {
  /** The answer held back: `{ forward, headers, resume }`, its pieces and its end. */
  held
  #pieces = []
  #length = 0
  #isDeciding = false
  #abandoned = false

  constructor(exchange, kept) {
    this.exchange = exchange
    this.kept = kept
  }

  get isAbandoned() {
    return this.#abandoned
  }

  /** Keeps a piece; true once there are enough for a verdict. */
  keep(piece) {
    this.#pieces.push(piece)
    this.#length += piece.length
    return this.#length >= PREFIX_BYTES
  }

  decide() {
    if (this.#isDeciding) return
    this.#isDeciding = true
    // A handler that throws gets its own error back.
    this.#decided().catch((error) => this.exchange.fail(error))
  }

  async #decided() {
    const { held, exchange } = this
    const again = await exchange.verdict(this.kept, held.headers, this.#pieces)
    if (again !== undefined && !exchange.controller.aborted) {
      this.#abandoned = true
      if (held.end === undefined) exchange.target.abort()
      exchange.send(again)
      return
    }
    this.held = undefined
    if (exchange.controller.aborted) {
      exchange.fail(exchange.controller.reason ?? new Error('aborted'))
      this.#abandoned = true
      return
    }
    held.forward()
    for (const piece of this.#pieces) this.pass(piece)
    if (held.end === undefined) held.resume()
    else held.end()
  }
}

class Modern extends Held {
  onRequestStart(controller, context) {
    if (this.exchange.connected(controller)) this.exchange.handler.onRequestStart?.(this.exchange.controller, context)
  }

  onRequestUpgrade(_controller, ...rest) {
    this.exchange.handler.onRequestUpgrade?.(this.exchange.controller, ...rest)
  }

  onResponseStart(controller, status, headers, message) {
    const forward = () => this.exchange.handler.onResponseStart?.(this.exchange.controller, status, headers, message)
    if (!this.exchange.holds(this.kept, status)) return forward()
    const pairs = Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]))
    this.held = { forward, headers: pairs, resume: () => controller.resume() }
  }

  onResponseData(controller, piece) {
    if (this.isAbandoned) return
    if (this.held === undefined) return this.pass(piece)
    if (this.keep(piece)) {
      controller.pause()
      this.decide()
    }
  }

  onResponseEnd(_controller, trailers) {
    if (this.isAbandoned) return
    const end = () => this.exchange.handler.onResponseEnd?.(this.exchange.controller, trailers)
    if (this.held === undefined) return end()
    this.held.end = end
    this.decide()
  }

  onResponseError(_controller, error) {
    if (this.isAbandoned) return
    const end = () => this.exchange.handler.onResponseError?.(this.exchange.controller, error)
    if (this.held === undefined) return end()
    this.held.end = end
    this.decide()
  }

  pass(piece) {
    this.exchange.handler.onResponseData?.(this.exchange.controller, piece)
  }
}

class Legacy extends Held {
  onConnect(abort, context) {
    if (this.exchange.connected({ abort })) this.exchange.handler.onConnect?.((reason) => this.exchange.controller.abort(reason), context)
  }

  onResponseStarted() {
    this.exchange.handler.onResponseStarted?.()
  }

  onBodySent(...piece) {
    return this.exchange.handler.onBodySent?.(...piece)
  }

  onUpgrade(...rest) {
    return this.exchange.handler.onUpgrade?.(...rest)
  }

  onHeaders(status, rawHeaders, resume, message) {
    // 103 and the like come before the answer.
    const forward = () => this.exchange.handler.onHeaders(status, rawHeaders, resume, message)
    if (status < 200 || !this.exchange.holds(this.kept, status)) return forward()
    this.held = { forward, headers: rawHeaders.map(String), resume }
    return true
  }

  onData(piece) {
    if (this.isAbandoned) return true
    if (this.held === undefined) return this.pass(piece)
    if (!this.keep(piece)) return true
    this.decide()
    return false
  }

  onComplete(trailers) {
    if (this.isAbandoned) return
    const end = () => this.exchange.handler.onComplete?.(trailers)
    if (this.held === undefined) return end()
    this.held.end = end
    this.decide()
  }

  onError(error) {
    if (this.isAbandoned) return
    const end = () => this.exchange.handler.onError(error)
    if (this.held === undefined) return end()
    this.held.end = end
    this.decide()
  }

  pass(piece) {
    return this.exchange.handler.onData?.(piece)
  }
}

function urlOf({ origin, path }) {
  try {
    return new URL(path ?? '/', origin)
  } catch {
    return undefined
  }
}

/** Headers are an object, a flat list or something iterable of pairs. */
function pairsOf(headers) {
  if (headers === undefined || headers === null) return []
  if (Array.isArray(headers)) return Array.isArray(headers[0]) ? headers.flat() : headers
  if (typeof headers[Symbol.iterator] === 'function') return [...headers].flat()
  return undefined
}

function carries(headers) {
  const pairs = pairsOf(headers)
  const names = pairs === undefined ? Object.keys(headers) : pairs.filter((_, index) => index % 2 === 0)
  return names.some((name) => String(name).toLowerCase() === 'authorization')
}

function withHeader(headers, authorization) {
  const pairs = pairsOf(headers)
  return pairs === undefined ? { ...headers, authorization } : [...pairs, 'authorization', authorization]
}

function isReplayable(body) {
  return body === undefined || body === null || isBytes(body) || body instanceof Blob || body[Symbol.toStringTag] === 'FormData'
}

module.exports = { undiciInterceptor }
