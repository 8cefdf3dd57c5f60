'use strict'

// For HTTP libraries that have no adapter here: a header to send, and a verdict on the response.

const { inspect } = require('node:util')

const { bytesOf, isBytes } = require('./bytes.cjs')
const check = require('./checks.cjs')
const { invalid } = require('./errors.cjs')
const { PREFIX_BYTES } = require('./peeked_response.cjs')

/** Permission to send one request to one URL. Neither inspecting nor serializing it shows its value. */
class Authorization {
  #kept

  constructor(kept, url) {
    this.#kept = kept
    this.url = url
  }

  get value() {
    return this.#kept.header
  }

  static keptOf(authorization) {
    if (!(authorization instanceof Authorization)) throw invalid('authorization', 'must come from authorize()')
    return authorization.#kept
  }

  toJSON() {
    return {}
  }

  [inspect.custom]() {
    return 'Authorization {}'
  }
}

/** The verdict on the response to the request that was sent with `authorization`. */
async function judge(authorizer, authorization, response, given) {
  const kept = Authorization.keptOf(authorization)
  const { status, headers, body, replayable = true } = check.options(response, ['status', 'headers', 'body', 'replayable'])
  const { signal } = check.options(given, ['signal'])
  if (!Number.isInteger(status)) throw invalid('status', 'must be a status code')
  if (typeof replayable !== 'boolean') throw invalid('replayable', 'must be true or false')
  if (status !== 401) {
    authorizer.note(kept, status)
    return { action: 'done' }
  }
  const seen = { url: authorization.url, status, headers: check.pairs(headers), body: prefix(body), replayable }
  const { kept: next, reason, error } = await authorizer.judge(kept, seen, check.signal(signal))
  if (next !== undefined) return { action: 'resend', authorization: new Authorization(next, authorization.url) }
  return { action: 'give_back', reason, error }
}

function prefix(body) {
  if (body === undefined || body === null) return undefined
  if (!isBytes(body)) throw invalid('body', 'must be a string or bytes')
  return bytesOf(body).subarray(0, PREFIX_BYTES)
}

module.exports = { Authorization, judge }
