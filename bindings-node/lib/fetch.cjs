'use strict'

// The platform's fetch with our header and our verdict. Redirects are followed here, hop by hop, so that the
// token is looked at again before each.

const { invalid } = require('./errors.cjs')
const { prefixOf, discard } = require('./prefix.cjs')
const { remember } = require('./verdicts.cjs')

const REDIRECTS = [301, 302, 303, 307, 308]
/** As the fetch standard has it. */
const HOPS_MAX = 20
/** Headers about a body that is not sent any more. */
const CONTENT = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length', 'transfer-encoding']
/** What a caller sets for one origin is not for another. */
const OF_ORIGIN = ['cookie', 'proxy-authorization', 'host']

/**
 * A fetch that authorizes. `strict` refuses what the token cannot go with; otherwise such a request is sent as it
 * is: a foreign URL, a request that brings its own Authorization.
 */
function authorized(gate, inner, strict) {
  return async function fetch(input, init) {
    const url = urlOf(gate, input)
    if (url instanceof Error) {
      if (strict) throw url
      return inner(input, init)
    }
    const call = described(url, input, init)
    const refusal = gate.refusal(url)
    if (refusal !== undefined && strict) throw refusal
    if (call.headers.has('authorization')) {
      if (strict) throw invalid('headers', 'Authorization is set by the client')
      return inner(input, init)
    }
    if (refusal !== undefined) return inner(input, init)
    try {
      await holdBody(call)
      return await followed(gate, inner, call)
    } catch (error) {
      // As fetch itself: an aborted call rejects with its signal's reason.
      if (error?.code === 'cancelled' && call.signal?.aborted) throw call.signal.reason
      throw error
    }
  }
}

/** The URL that is meant, or why it is none for us: what else fetch takes (`data:`) is not our affair. */
function urlOf(gate, input) {
  try {
    return gate.resolve(isRequest(input) ? input.url : input)
  } catch (error) {
    return error
  }
}

function isRequest(input) {
  return typeof input === 'object' && input !== null && !(input instanceof URL) && typeof input.clone === 'function'
}

/** The arguments of fetch taken apart: what changes from hop to hop, and what does not. */
function described(url, input, init) {
  const rest = { ...init }
  const request = isRequest(input) ? input : undefined
  const of = (name) => rest[name] ?? request?.[name]
  return {
    url,
    request,
    rest,
    method: String(of('method') ?? 'GET'),
    headers: new Headers(of('headers')),
    body: rest.body ?? null,
    replayable: true,
    redirect: of('redirect') ?? 'follow',
    signal: of('signal') ?? undefined,
  }
}

/**
 * A Request's body goes into memory: whether it could be had again does not show. A stream that should not be held
 * goes beside the URL instead, and once.
 */
async function holdBody(call) {
  if (call.body !== null) call.replayable = !isStream(call.body)
  else if (call.request !== undefined && call.request.body !== null) call.body = Buffer.from(await call.request.arrayBuffer())
}

function isStream(body) {
  return typeof body.getReader === 'function' || (typeof body[Symbol.asyncIterator] === 'function' && typeof body.arrayBuffer !== 'function')
}

async function followed(gate, inner, call) {
  for (let hops = 0; ; hops += 1) {
    const response = gate.allows(call.url) ? await healed(gate, inner, call) : await plain(inner, call)
    if (hops > 0) Object.defineProperty(response, 'redirected', { value: true })
    const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null
    if (location === null || call.redirect === 'manual') return response
    discard(response)
    if (call.redirect === 'error') throw failed('unexpected redirect')
    if (hops === HOPS_MAX) throw failed('redirect count exceeded')
    turn(call, response.status, location)
  }
}

/** Sends one hop, and once more where the verdict says so. */
async function healed(gate, inner, call) {
  const kept = gate.fresh() ?? (await gate.authorize(call.signal))
  const response = await send(inner, call, kept.header)
  if (response.status !== 401) {
    gate.note(kept, response.status)
    return response
  }
  const verdict = await judged(gate, kept, call, response)
  if (verdict.kept === undefined) return remember(response, verdict)
  discard(response)
  const again = await send(inner, call, verdict.kept.header)
  if (again.status === 401) return remember(again, await judged(gate, verdict.kept, call, again))
  gate.note(verdict.kept, again.status)
  return again
}

async function judged(gate, kept, call, response) {
  const seen = {
    url: call.url,
    status: response.status,
    headers: [...response.headers].flat(),
    body: await prefixOf(response),
    replayable: call.replayable,
  }
  return gate.judge(kept, seen, call.signal)
}

async function plain(inner, call) {
  const response = await send(inner, call)
  return response.status === 401 ? remember(response, { reason: 'foreign_origin', error: null }) : response
}

function send(inner, call, header) {
  const headers = new Headers(call.headers)
  if (header !== undefined) headers.set('authorization', header)
  const init = { ...call.rest, method: call.method, headers, redirect: 'manual' }
  if (call.signal !== undefined) init.signal = call.signal
  if (call.body !== null) init.body = call.body
  else delete init.body
  return inner(call.request ?? call.url.href, init)
}

/** The next hop, as the fetch standard has it. */
function turn(call, status, location) {
  let url
  try {
    url = new URL(location, call.url)
  } catch {
    throw failed('the redirect leads to no URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failed('the redirect leads to no http or https URL')
  const toGet = status === 303 ? !['GET', 'HEAD'].includes(call.method) : status < 303 && call.method === 'POST'
  if (toGet) {
    call.method = 'GET'
    call.body = null
    call.replayable = true
    for (const name of CONTENT) call.headers.delete(name)
  } else if (!call.replayable) {
    throw failed('a body that is a stream cannot follow a redirect')
  }
  if (url.origin !== call.url.origin) for (const name of OF_ORIGIN) call.headers.delete(name)
  call.url = url
  call.request = undefined
}

/** What fetch rejects with when the network fails it. */
function failed(why) {
  return new TypeError('fetch failed', { cause: new Error(why) })
}

module.exports = { authorized }
