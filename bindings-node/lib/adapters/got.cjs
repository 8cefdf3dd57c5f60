'use strict'

// Hooks for got: `got.extend({ hooks: client.gotHooks() })`.

const { isBytes } = require('../bytes.cjs')
const { remember } = require('../verdicts.cjs')
const { beginningOf, conceal, pairsOf } = require('./response.cjs')

/** How many of our latest headers are recognised in a request's options. Tokens change rarely. */
const ISSUED_MAX = 16

function gotHooks(authorizer) {
  /** The token that a request was sent with, by its options. */
  const sentWith = new WeakMap()
  const issued = new Set()
  /**
   * Resends that have not been sent yet. got's `retry` accepts headers for the new request, which beforeRequest sees: so a mark is
   * passed in the place of the header, and the token stays out of it.
   */
  const resends = new Map()
  let marks = 0

  /** Runs before each attempt, also before got's own retries and redirects. Returns no promise while the token is fresh. */
  function beforeRequest(options) {
    const { headers } = options
    const given = headers.authorization
    let resent
    if (given !== undefined) {
      resent = resends.get(given)
      if (resent === undefined && !issued.has(given)) return undefined
      resends.delete(given)
      delete headers.authorization
    }
    sentWith.delete(options)
    if (!authorizer.allows(options.url)) return undefined
    const kept = resent ?? authorizer.fresh()
    if (kept === undefined) return authorizer.authorize(options.signal).then((header) => put(options, header))
    put(options, kept)
    // got does not call this hook for the response of a retry that it asked for.
    if (resent !== undefined) options.hooks.afterResponse = [...options.hooks.afterResponse, afterResponse]
    return undefined
  }

  function put(options, kept) {
    remembered(issued, kept.header)
    options.headers.authorization = kept.header
    sentWith.set(options, kept)
  }

  function afterResponse(response, retry) {
    const { options } = response.request
    const kept = sentWith.get(options)
    if (kept === undefined) return response
    removeHeader(options)
    conceal(response.request)
    conceal(response.req)
    if (response.statusCode !== 401) {
      authorizer.note(kept, response.statusCode)
      return response
    }
    return healed(response, options, kept, retry)
  }

  async function healed(response, options, kept, retry) {
    const verdict = await authorizer.judge(kept, seen(options, response), options.signal)
    if (verdict.kept === undefined) return remember(response, verdict)
    marks += 1
    const mark = `evertoken resend ${marks}`
    resends.set(mark, verdict.kept)
    return retry({ headers: { authorization: mark } })
  }

  /** An error of got contains its options, and prints them. */
  function beforeError(error) {
    if (error.options !== undefined) removeHeader(error.options)
    conceal(error.request)
    conceal(error.response?.req)
    return error
  }

  /** Removes our header after it has been sent. */
  function removeHeader(options) {
    if (options.headers.authorization === sentWith.get(options)?.header) delete options.headers.authorization
  }

  return { beforeRequest: [beforeRequest], afterResponse: [afterResponse], beforeError: [beforeError] }
}

/** Adds to a set that keeps only the latest values. */
function remembered(set, value) {
  if (set.has(value)) return
  set.add(value)
  if (set.size > ISSUED_MAX) set.delete(set.values().next().value)
}

function seen(options, response) {
  const headers = pairsOf(response.headers)
  return { url: String(options.url), status: response.statusCode, headers, body: beginningOf(response.rawBody), replayable: isReplayable(options.body) }
}

function isReplayable(body) {
  return body === undefined || body === null || isBytes(body) || body[Symbol.toStringTag] === 'FormData'
}

module.exports = { gotHooks }
