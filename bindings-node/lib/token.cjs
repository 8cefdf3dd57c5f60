'use strict'

const { inspect } = require('node:util')

// The latest time of a Date, in milliseconds (ECMA-262 §21.4.1.1); anything later is "Invalid Date".
const LAST_INSTANT = 8_640_000_000_000_000

/** A token for a caller. Neither inspecting nor serializing it shows its value or its claims. */
class Token {
  #value
  #claims

  constructor({ value, expiresAt, expiresIn, scope, claims, fingerprint }) {
    this.#value = value
    this.#claims = claims
    this.expiresAt = expiresAt === null ? null : new Date(Math.min(expiresAt, LAST_INSTANT))
    this.expiresIn = expiresIn
    this.scope = scope
    this.fingerprint = fingerprint
  }

  get value() {
    return this.#value
  }

  get claims() {
    if (typeof this.#claims === 'string') this.#claims = JSON.parse(this.#claims)
    return this.#claims
  }

  toJSON() {
    const { fingerprint, expiresAt, scope } = this
    return { fingerprint, expiresAt, scope }
  }

  [inspect.custom](_depth, options) {
    return `Token ${inspect(this.toJSON(), options)}`
  }
}

module.exports = { Token }
