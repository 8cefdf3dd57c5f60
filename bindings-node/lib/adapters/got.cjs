'use strict'

// Hooks for got: `got.extend({ hooks: client.gotHooks() })`.

const { bytesOf, isBytes } = require('../bytes.cjs')
const { PREFIX_BYTES } = require('../prefix.cjs')
const { remember } = require('../verdicts.cjs')

/** Headers of ours that may still stand in a request's options; tokens do not come thick and fast. */
const ISSUED_MAX = 16

function gotHooks(gate) {
  /** Which token a request went out with, by its options. */
  const sentWith = new WeakMap()
  const issued = new Set()

  /** Runs before every sending: got's own retries and redirects included. */
  async function beforeRequest(options) {
    const brought = options.headers.authorization
    const isOurs = issued.has(brought)
    if (brought !== undefined && !isOurs) return
    if (isOurs) delete options.headers.authorization
    if (!gate.allows(new URL(options.url))) return
    const kept = gate.fresh() ?? (await gate.authorize(options.signal))
    if (issued.size === ISSUED_MAX) issued.delete(issued.values().next().value)
    issued.add(kept.header)
    options.headers.authorization = kept.header
    sentWith.set(options, kept)
  }

  async function afterResponse(response, retry) {
    const { options } = response.request
    const kept = sentWith.get(options)
    if (kept === undefined) return response
    if (response.statusCode !== 401) {
      gate.note(kept, response.statusCode)
      return response
    }
    const verdict = await gate.judge(kept, seen(options, response), options.signal)
    if (verdict.kept === undefined) return remember(response, verdict)
    let again
    try {
      again = await retry({})
    } catch (error) {
      if (error?.response?.statusCode === 401) await refusedAgain(options, verdict.kept, error.response)
      throw error
    }
    if (again.statusCode === 401) await refusedAgain(options, verdict.kept, again)
    else gate.note(verdict.kept, again.statusCode)
    return again
  }

  async function refusedAgain(options, kept, response) {
    remember(response, await gate.judge(kept, seen(options, response), options.signal))
  }

  return { beforeRequest: [beforeRequest], afterResponse: [afterResponse] }
}

function seen(options, response) {
  const headers = Object.entries(response.headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]))
  const body = isBytes(response.rawBody) ? bytesOf(response.rawBody).subarray(0, PREFIX_BYTES) : undefined
  return { url: new URL(options.url), status: response.statusCode, headers, body, replayable: isReplayable(options.body) }
}

function isReplayable(body) {
  return body === undefined || body === null || isBytes(body) || body[Symbol.toStringTag] === 'FormData'
}

module.exports = { gotHooks }
