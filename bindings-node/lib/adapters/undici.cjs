'use strict'

// An interceptor for undici's dispatchers: `new Agent().compose(client.undiciInterceptor())`.
//
// Handlers have two forms. undici 6 passes raw headers to `onHeaders`, later versions pass parsed ones to `onResponseStart`. The
// handlers that undici 7 passes to an interceptor often have both; then the older one is used, because undici would translate the
// newer one to it and back. What only a 401 needs is created when one arrives.

const { PATIENCE, PREFIX_BYTES } = require('../peeked_response.cjs')
const { VERDICT } = require('../verdicts.cjs')
const { pairsOf } = require('./response.cjs')
const { hasAuthorization, isReplayable, withHeader } = require('./undici_request.cjs')

/**
 * How many bytes of a 401 are read while its verdict is awaited; a longer body is paused. The limit is far above an error page,
 * because undici up to 7.30 ends the process with a failed assertion if a server closes a connection whose response is paused.
 */
const MOST_HELD_BYTES = 1024 * 1024

function undiciInterceptor(authorizer) {
  return (dispatch) =>
    function authorized(options, handler) {
      if (!isAllowed(authorizer, options.origin) || hasAuthorization(options.headers)) return dispatch(options, handler)
      const Attempt = typeof handler.onHeaders === 'function' ? Legacy : Modern
      const attempt = new Attempt(new Exchange(authorizer, dispatch, options, handler))
      let kept
      try {
        kept = authorizer.fresh()
      } catch (error) {
        attempt.fail(error)
        return true
      }
      if (kept !== undefined) return attempt.send(kept)
      authorizer
        .authorize()
        .then((header) => attempt.send(header))
        .catch((error) => attempt.fail(error))
      return true
    }
}

/** What is one request and one response for the caller, although it may take two attempts. */
class Exchange {
  /** The attempt that has a connection. */
  current
  /** The controller that a handler of the newer form gets, for both attempts. */
  controller
  /** Whether the caller has given up, and why. */
  aborted = false
  reason = null
  /** The AbortController of the wait for a verdict. */
  waiting
  /** Why a 401 was given back. */
  verdict

  constructor(authorizer, dispatch, options, handler) {
    this.authorizer = authorizer
    this.dispatch = dispatch
    this.options = options
    this.handler = handler
  }
}

/** False for a request without an origin, because its dispatcher decides where that is sent. */
function isAllowed(authorizer, origin) {
  if (typeof origin === 'string') return authorizer.allowsText(origin)
  return origin instanceof URL && authorizer.allows(origin)
}

/** One attempt to send a request, as a handler for undici: what both forms have in common. */
class Attempt {
  kept
  /** The 401 that is held back until its verdict; `GONE` once the rest of this attempt is to be ignored. */
  held

  constructor(exchange, isResend = false) {
    this.exchange = exchange
    this.handler = exchange.handler
    this.isResend = isResend
  }

  send(kept) {
    this.kept = kept
    const { dispatch, options } = this.exchange
    return dispatch({ ...options, headers: withHeader(options.headers, kept.header) }, this)
  }

  /** This attempt has a connection. */
  connected() {
    const { exchange } = this
    exchange.current = this
    if (exchange.aborted) this.breakOff(exchange.reason)
  }

  /** Whether a response of this status is held back. If not, it is noted. */
  holds(status) {
    if (status === 401) return true
    this.exchange.authorizer.note(this.kept, status)
    return false
  }

  /** Holds a response back. It is judged at the end of its body, when enough of it has arrived, or after a time. */
  hold(held) {
    this.held = held
    held.timer = setTimeout(() => this.decide(), PATIENCE)
  }

  /** Keeps a piece of the response that is held back. False if the rest must be paused. */
  keep(piece) {
    const { held } = this
    held.pieces.push(piece)
    held.length += piece.length
    if (held.length >= PREFIX_BYTES) this.decide()
    return held.length < MOST_HELD_BYTES
  }

  decide() {
    if (this.held.isDeciding) return
    this.held.isDeciding = true
    clearTimeout(this.held.timer)
    // An error that the caller's handler throws is passed to that handler, as undici does.
    this.#decided().catch((error) => this.fail(error))
  }

  async #decided() {
    const { held, exchange } = this
    const verdict = await judged(exchange, this)
    if (exchange.aborted) {
      this.held = GONE
      this.fail(exchange.reason ?? new Error('aborted'))
      return
    }
    if (verdict.kept !== undefined) {
      this.held = GONE
      if (held.end === undefined) this.breakOff()
      new this.constructor(exchange, true).send(verdict.kept)
      return
    }
    this.held = undefined
    exchange.verdict = { reason: verdict.reason, error: verdict.error }
    held.forward()
    for (const piece of held.pieces) this.pass(piece)
    if (held.end === undefined) held.resume()
    else held.end()
  }
}

/** The verdict. Never rejects: if there is none, the response is given back. */
async function judged(exchange, { kept, held }) {
  const { authorizer, options } = exchange
  exchange.waiting = new AbortController()
  const seen = {
    url: new URL(options.path ?? '/', options.origin).href,
    status: 401,
    headers: held.headers,
    body: Buffer.concat(held.pieces).subarray(0, PREFIX_BYTES),
    replayable: isReplayable(options.body),
  }
  try {
    return await authorizer.judge(kept, seen, exchange.waiting.signal)
  } catch (error) {
    return { kept: undefined, reason: 'renewal_failed', error }
  } finally {
    exchange.waiting = undefined
  }
}

/** Ends the exchange because the caller aborts it. */
function giveUp(exchange, reason) {
  if (exchange.aborted) return
  exchange.aborted = true
  exchange.reason = reason ?? null
  exchange.waiting?.abort()
  exchange.current?.breakOff(reason)
}

/** A response that is held back. */
function heldBack(headers, forward, resume) {
  return { headers, forward, resume, pieces: [], length: 0, end: undefined, isDeciding: false, timer: undefined }
}

const GONE = Object.freeze({})

/** The context, which undici passes to the caller with the response: where `authOf()` finds the verdict. */
function contextOf(exchange, context) {
  return { ...context, [VERDICT]: () => exchange.verdict }
}

class Modern extends Attempt {
  #controller

  onRequestStart(controller, context) {
    this.#controller = controller
    this.connected()
    if (this.isResend) return
    this.exchange.controller = new Controller(this.exchange)
    this.handler.onRequestStart?.(this.exchange.controller, contextOf(this.exchange, context))
  }

  onRequestUpgrade(_controller, status, headers, socket) {
    this.handler.onRequestUpgrade?.(this.exchange.controller, status, headers, socket)
  }

  onResponseStart(controller, status, headers, message) {
    // 1xx are interim responses.
    if (status < 200 || !this.holds(status)) return this.handler.onResponseStart?.(this.exchange.controller, status, headers, message)
    const pairs = pairsOf(headers)
    const forward = () => this.handler.onResponseStart?.(this.exchange.controller, status, headers, message)
    this.hold(heldBack(pairs, forward, () => controller.resume()))
  }

  onResponseData(controller, piece) {
    if (this.held === undefined) return this.pass(piece)
    if (this.held !== GONE && !this.keep(piece)) controller.pause()
  }

  onResponseEnd(_controller, trailers) {
    if (this.held === undefined) return this.handler.onResponseEnd?.(this.exchange.controller, trailers)
    if (this.held === GONE) return
    this.held.end = () => this.handler.onResponseEnd?.(this.exchange.controller, trailers)
    this.decide()
  }

  onResponseError(_controller, error) {
    if (this.held === undefined) return this.fail(error)
    if (this.held === GONE) return
    this.held.end = () => this.fail(error)
    this.decide()
  }

  pass(piece) {
    this.handler.onResponseData?.(this.exchange.controller, piece)
  }

  fail(error) {
    this.exchange.controller ??= new Controller(this.exchange)
    this.handler.onResponseError?.(this.exchange.controller, error)
  }

  breakOff(reason) {
    this.#controller.abort(reason)
  }

  get connection() {
    return this.#controller
  }
}

/** The controller for the caller's handler, which refers to the current attempt's. */
class Controller {
  #exchange

  constructor(exchange) {
    this.#exchange = exchange
  }

  abort(reason) {
    giveUp(this.#exchange, reason)
  }

  pause() {
    this.#exchange.current?.connection.pause()
  }

  resume() {
    this.#exchange.current?.connection.resume()
  }

  get aborted() {
    return this.#exchange.aborted
  }

  get reason() {
    return this.#exchange.reason
  }

  get paused() {
    return this.#exchange.current?.connection.paused ?? false
  }

  get rawHeaders() {
    return this.#exchange.current?.connection.rawHeaders ?? null
  }

  get rawTrailers() {
    return this.#exchange.current?.connection.rawTrailers ?? null
  }
}

class Legacy extends Attempt {
  #abort

  onConnect(abort, context) {
    this.#abort = abort
    this.connected()
    if (!this.isResend) this.handler.onConnect?.((reason) => giveUp(this.exchange, reason), contextOf(this.exchange, context))
  }

  onResponseStarted() {
    this.handler.onResponseStarted?.()
  }

  onBodySent(piece, length) {
    return this.handler.onBodySent?.(piece, length)
  }

  onRequestSent() {
    return this.handler.onRequestSent?.()
  }

  onUpgrade(status, headers, socket) {
    return this.handler.onUpgrade?.(status, headers, socket)
  }

  onHeaders(status, rawHeaders, resume, message) {
    if (status < 200 || !this.holds(status)) return this.handler.onHeaders(status, rawHeaders, resume, message)
    this.hold(heldBack(rawHeaders.map(String), () => this.handler.onHeaders(status, rawHeaders, resume, message), resume))
    return true
  }

  onData(piece) {
    if (this.held === undefined) return this.pass(piece)
    return this.held === GONE || this.keep(piece)
  }

  onComplete(trailers) {
    if (this.held === undefined) return this.handler.onComplete?.(trailers)
    if (this.held === GONE) return
    this.held.end = () => this.handler.onComplete?.(trailers)
    this.decide()
  }

  onError(error) {
    if (this.held === undefined) return this.fail(error)
    if (this.held === GONE) return
    this.held.end = () => this.fail(error)
    this.decide()
  }

  pass(piece) {
    return this.handler.onData?.(piece)
  }

  fail(error) {
    this.handler.onError(error)
  }

  breakOff(reason) {
    this.#abort(reason)
  }
}

module.exports = { undiciInterceptor }
