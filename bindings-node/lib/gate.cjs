'use strict'

// One client's way to a header and to a verdict, as the parts of this package use it.

const { setImmediate } = require('node:timers')

const check = require('./checks.cjs')
const { fromFailure, valueOf } = require('./errors.cjs')
const native = require('./native.cjs')
const { call } = require('./port.cjs')

// Taken once, so that a program's fake timers do not reach the life of a token.
const { now } = Date
const { setTimeout, clearTimeout } = globalThis

/** A timer's longest wait; more would fire at once. */
const LONGEST_WAIT = 2 ** 31 - 1

/** An origin as URLs spell it that need no parsing: neither userinfo nor escapes nor anything a parser would take away. */
const PLAIN_ORIGIN = /^https?:\/\/(?:[a-z\d.-]+|\[[a-f\d:]+\])(?::\d+)?$/i
/** What a parser leaves as it is: printable ASCII without blank, quotation marks, backslash and the like. */
const PLAIN_REST = /^[\w\-.~!$&()*+,;=:@/?%]*$/
const SCHEME = /^https?:\/\//i
/** Segments that a parser would take for a dot or two. */
const DOTTED = /\/\.|%2e/i
/** A program talks to few origins; one that is led to many is not to fill the memory. */
const ORIGINS_MAX = 64

/** Counts refused tokens of this process; the core writes it, so a kept header costs no call to check. */
const refusals = native.refusals()
const isShared = (() => {
  const before = refusals[0]
  native.touchRefusals()
  return refusals[0] !== before
})()

/** A header at hand and what is known about its token. */
class Kept {
  /** Whether an API took the token. */
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

class Gate {
  #kept
  #timer
  /** The refusal of each origin, null for those that are allowed; by its serialization and by other plain spellings. */
  #origins = new Map()
  #base
  #baseUrl

  constructor(nativeClient) {
    this.native = nativeClient
  }

  /**
   * The header at hand: a comparison with the word that counts refusals and one with the clock. Where it has to
   * be looked for and nobody has to wait, it is; where somebody has, a login is under way and this is undefined.
   */
  fresh() {
    const kept = this.#kept
    if (kept !== undefined && kept.refusals === refusals[0] && now() < kept.until) return kept
    return this.#look()
  }

  #look() {
    // Read first: a refusal that comes in between makes the next look necessary.
    const before = refusals[0]
    const header = valueOf(this.native.headerNow())
    return header === null ? undefined : this.#keep(header, before)
  }

  /** The header, after a login if need be. */
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
    // Beside the wall clock, which may be set back: a timer runs on another one.
    clearTimeout(this.#timer)
    if (kept.freshFor !== Infinity) {
      const gate = new WeakRef(this)
      this.#timer = setTimeout(() => gate.deref()?.forget(), Math.min(kept.freshFor, LONGEST_WAIT)).unref()
    }
    return kept
  }

  forget() {
    this.#kept = undefined
    clearTimeout(this.#timer)
  }

  /** The URL a caller means: absolute, or below the base URL. */
  resolve(url) {
    return new URL(valueOf(this.native.resolve(check.url(url))))
  }

  /** The text of the same URL, if that can be had without parsing; else undefined. */
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

  /** Why the token does not go to `url`; undefined if it does. */
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

  /** The same for the text of an absolute URL or of an origin. */
  allowsText(text) {
    const head = headOf(text)
    const known = this.#origins.get(head)
    if (known !== undefined) return known === null
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

  /** Tells the core about the first response to a token that is no 401. */
  note(kept, status) {
    if (!kept.accepted) kept.accepted = this.native.note(kept.authorization, status)
  }

  /** What a 401 means: `{ kept }` to send it again with, or why it is given back as `{ reason, error }`. */
  async judge(kept, { url, status, headers, body, replayable }, signal) {
    const answer = { url, status, headers, body: body ?? undefined, replayable }
    await endOfTurn()
    const { header, reason, error } = await call((id) => this.native.judge(id, kept.authorization, answer), signal)
    if (header !== null) return { kept: new Kept(header, refusals[0]), reason: null, error: null }
    return { kept: undefined, reason, error: error === null ? null : fromFailure(error) }
  }
}

let turn

/**
 * 401s that come together are shown to the core together: to wake its thread costs more than a verdict. Of what 1,000 at
 * once take, waking it for each was a twentieth.
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

/** A URL's text up to its path: its origin, if that is spelt plainly. */
function headOf(text) {
  const end = text.indexOf('/', 8)
  return end === -1 ? text : text.slice(0, end)
}

module.exports = { Gate }
