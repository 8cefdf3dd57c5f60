'use strict'

// Hooks for got: `got.extend({ hooks: client.gotHooks() })`.

const { isBytes } = require('../bytes.cjs')
const { remember } = require('../verdicts.cjs')
const { beginningOf, conceal, pairsOf } = require('./response.cjs')

/** Headers of ours that may still stand in a request's options; tokens do not come thick and fast. */
const ISSUED_MAX = 16

function gotHooks(authorizer) {
  /** Which token a request went out with, by its options. */
  const sentWith = new WeakMap()
  const issued = new Set()
  /** Resends under way: got merges headers into a new request and forgets the hooks, so a mark stands for the header. */
  const resends = new Map()
  let marks = 0

  /** Runs before every sending: got's own retries and redirects included. Waits for nothing while the token is fresh. */
  function beforeRequest(options) {
    const { headers } = options
    const brought = headers.authorization
    let resent
    if (brought !== undefined) {
      resent = resends.get(brought)
      if (resent === undefined && !issued.has(brought)) return undefined
      resends.delete(brought)
      delete headers.authorization
    }
    sentWith.delete(options)
    if (!authorizer.allows(options.url)) return undefined
    const kept = resent ?? authorizer.fresh()
    if (kept === undefined) return authorizer.authorize(options.signal).then((header) => put(options, header))
    put(options, kept)
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

  /** An error of got prints its options, and so the header of a request that failed. */
  function beforeError(error) {
    if (error.options !== undefined) removeHeader(error.options)
    conceal(error.request)
    conceal(error.response?.req)
    return error
  }

  /** Takes away a header of ours that has been sent. */
  function removeHeader(options) {
    if (options.headers.authorization === sentWith.get(options)?.header) delete options.headers.authorization
  }

  return { beforeRequest: [beforeRequest], afterResponse: [afterResponse], beforeError: [beforeError] }
}

/** Adds to a set that keeps the latest only. */
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
