'use strict'

// One client's header and its verdicts on responses, for the other parts of this package.

const { setImmediate } = require('node:timers')

const check = require('./checks.cjs')
const { fromFailure, valueOf } = require('./errors.cjs')
const native = require('./native.cjs')
const { call } = require('./port.cjs')

// Taken once, so that a program's fake timers do not affect the lifetime of a token.
const { now } = Date
const { setTimeout, clearTimeout } = globalThis

/** The longest time of a timer, in milliseconds; a longer one would fire at once. */
const LONGEST_WAIT = 2 ** 31 - 1

/** The origin of a URL that need not be parsed: without userinfo, escapes or anything that a parser would change. */
const PLAIN_ORIGIN = /^https?:\/\/(?:[a-z\d.-]+|\[[a-f\d:]+\])(?::\d+)?$/i
/** Characters that a URL parser does not change. */
const PLAIN_REST = /^[\w\-.~!$&()*+,;=:@/?%]*$/
const SCHEME = /^https?:\/\//i
/** Matches every dot segment, and more. */
const DOTTED = /\/\.|%2e/i
/** Programs use few origins. The limit keeps redirects to many from filling the memory. */
const ORIGINS_MAX = 64

/** The number of refused tokens of this process. The core writes it, so that checking a kept header needs no native call. */
const refusals = native.refusals()
const isShared = (() => {
  const before = refusals[0]
  native.touchRefusals()
  return refusals[0] !== before
})()

/** A header, and what is known about its token. */
class Kept {
  /** Whether an API has accepted the token. */
  accepted = false

  constructor({ value, freshFor, generation, authorization }, refusalsBefore) {
    this.header = value
    this.generation = generation
    this.authorization = authorization
    this.refusals = refusalsBefore
    this.freshFor = freshFor
    this.until = now() + freshFor
  }
}

class Authorizer {
  #kept
  #timer
  /** The refusal of each origin, null for those that are allowed; by its serialization and by other plain spellings. */
  #origins = new Map()
  /** The last allowed one that was looked up, and the slash that ends it. */
  #lastAllowed
  #base
  #baseUrl

  constructor(nativeClient) {
    this.native = nativeClient
  }

  /**
   * The header, if it is available without waiting. A kept one takes two comparisons: with the count of refusals and with
   * the clock. Undefined if there is no valid token; then a login has been started.
   */
  fresh() {
    const kept = this.#kept
    if (kept !== undefined && kept.refusals === refusals[0] && now() < kept.until) return kept
    return this.#look()
  }

  #look() {
    // Read first, so that a refusal in between is noticed at the next check.
    const before = refusals[0]
    const header = valueOf(this.native.headerNow())
    return header === null ? undefined : this.#keep(header, before)
  }

  /** The header, after a login if necessary. */
  async authorize(signal, timeout) {
    const at = this.fresh()
    if (at !== undefined) return at
    const before = refusals[0]
    return this.#keep(await call((id) => this.native.header(id, timeout), signal), before)
  }

  #keep(header, refusalsBefore) {
    const kept = new Kept(header, refusalsBefore)
    kept.accepted = this.#kept?.generation === kept.generation && this.#kept.accepted
    if (!isShared || kept.freshFor === 0) {
      this.forget()
      return kept
    }
    this.#kept = kept
    // In addition to the wall clock, which may be set back; timers use another clock.
    clearTimeout(this.#timer)
    if (kept.freshFor !== Infinity) {
      const authorizer = new WeakRef(this)
      this.#timer = setTimeout(() => authorizer.deref()?.forget(), Math.min(kept.freshFor, LONGEST_WAIT)).unref()
    }
    return kept
  }

  forget() {
    this.#kept = undefined
    clearTimeout(this.#timer)
  }

  /** The full URL of `url`, absolute or below the base URL. */
  resolve(url) {
    return new URL(valueOf(this.native.resolve(check.url(url))))
  }

  /** The same URL's text, if it needs no parsing; otherwise undefined. */
  plainUrl(text) {
    if (!SCHEME.test(text)) {
      const isPlain = text[0] === '/' && text[1] !== '/' && PLAIN_REST.test(text) && !DOTTED.test(text)
      return isPlain ? this.#prefix() + text : undefined
    }
    const head = headOf(text)
    return head.length < text.length && PLAIN_ORIGIN.test(head) && PLAIN_REST.test(text.slice(head.length)) && !DOTTED.test(text) ? text : undefined
  }

  get baseUrl() {
    return (this.#baseUrl ??= this.native.baseUrl)
  }

  #prefix() {
    if (this.#base === undefined) {
      const { origin, pathname } = new URL(this.baseUrl)
      this.#base = origin + pathname.replace(/\/+$/, '')
    }
    return this.#base
  }

  /** Why `url` may not receive the token; undefined if it may. */
  refusal(url) {
    let refusal = this.#origins.get(url.origin)
    if (refusal === undefined) {
      refusal = this.native.refusal(url.href) ?? null
      this.#learn(url.origin, refusal)
    }
    return refusal === null ? undefined : fromFailure(refusal)
  }

  allows(url) {
    return this.#origins.get(url.origin) === null || this.refusal(url) === undefined
  }

  /** As `allows`, for the text of an absolute URL or of an origin. */
  allowsText(text) {
    // A program sends most requests to one origin: comparing takes a third of the time of looking it up.
    if (this.#lastAllowed !== undefined && text.startsWith(this.#lastAllowed)) return true
    const head = headOf(text)
    const known = this.#origins.get(head)
    if (known !== undefined) {
      if (known === null) this.#lastAllowed = `${head}/`
      return known === null
    }
    if (!URL.canParse(text)) return false
    const url = new URL(text)
    const isAllowed = this.allows(url)
    if (PLAIN_ORIGIN.test(head)) this.#learn(head, this.#origins.get(url.origin))
    return isAllowed
  }

  #learn(origin, refusal) {
    if (this.#origins.size >= ORIGINS_MAX) this.#origins.clear()
    this.#origins.set(origin, refusal)
  }

  /** Reports the first response to a token that is not a 401 to the core. */
  note(kept, status) {
    if (!kept.accepted) kept.accepted = this.native.note(kept.authorization, status)
  }

  /** The verdict on a 401: `{ kept }` to send the request again with, or `{ reason, error }` for giving it back. */
  async judge(kept, { url, status, headers, body, replayable }, signal) {
    const facts = { url, status, headers, body: body ?? undefined, replayable }
    await endOfTurn()
    const { header, reason, error } = await call((id) => this.native.judge(id, kept.authorization, facts), signal)
    if (header !== null) return { kept: new Kept(header, refusals[0]), reason: null, error: null }
    return { kept: undefined, reason, error: error === null ? null : fromFailure(error) }
  }
}

let turn

/**
 * Resolves at the end of the event loop's turn. 401s that arrive together are passed to the core together, because waking
 * its thread takes longer than a verdict: with 1,000 at once, waking it for each took a twentieth of the time.
 */
function endOfTurn() {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined
      resolve()
    })
  })
  return turn
}

/** A URL's text up to its path: its origin, if that is in plain form. */
function headOf(text) {
  const end = text.indexOf('/', 8)
  return end === -1 ? text : text.slice(0, end)
}

module.exports = { Authorizer }
