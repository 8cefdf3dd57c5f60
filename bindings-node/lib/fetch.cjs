'use strict'

// The platform's fetch with our header and our verdict. Redirects are followed here, hop by hop, because each hop has to be
// checked for whether the token may be sent there.

const { invalid } = require('./errors.cjs')
const { PeekedResponse, discard } = require('./peeked_response.cjs')
const { remember } = require('./verdicts.cjs')

const REDIRECTS = [301, 302, 303, 307, 308]
/** The limit of the fetch standard. */
const HOPS_MAX = 20
/** Headers that describe a body, removed when a redirect drops it. */
const CONTENT = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length', 'transfer-encoding']
/** Headers that the caller has set for one origin, removed on a redirect to another. */
const OF_ORIGIN = ['cookie', 'proxy-authorization', 'host']

/**
 * A fetch that adds the token. A request that cannot carry it, because of its origin or an Authorization of its own, is refused if
 * `strict`, and otherwise sent as it is.
 */
function authorized(authorizer, inner, strict) {
  return async function fetch(input, init) {
    const call = described(authorizer, input, init)
    const refusal = call instanceof Error ? call : call.refusal(authorizer)
    if (refusal !== undefined) {
      if (strict) throw refusal
      return inner(input, init)
    }
    try {
      if (call.request !== undefined) await call.holdBody()
      // The first hop is written out here, without another function, because most calls end with it.
      const kept = authorizer.fresh() ?? (await authorizer.authorize(call.signal))
      const response = await inner(call.target, call.init(kept.header))
      const { status } = response
      if (status === 401) return await healed(authorizer, inner, call, kept, response)
      authorizer.note(kept, status)
      return REDIRECTS.includes(status) ? await followed(authorizer, inner, call, response) : response
    } catch (error) {
      // As in fetch itself, an aborted call rejects with its signal's reason.
      if (error?.code === 'cancelled' && call.signal?.aborted) throw call.signal.reason
      throw error
    }
  }
}

/** The arguments of fetch as a Call; an error if the URL is not one of http or https. */
function described(authorizer, input, init) {
  const request = isRequest(input) ? input : undefined
  const text = typeof input === 'string' ? authorizer.plainUrl(input) : undefined
  try {
    return new Call(text ?? authorizer.resolve(request === undefined ? input : request.url), request, init)
  } catch (error) {
    return error
  }
}

function isRequest(input) {
  return typeof input === 'object' && input !== null && !(input instanceof URL) && typeof input.clone === 'function'
}

/** The arguments of a call of fetch, which change from hop to hop. */
class Call {
  /** Whether the body can be sent again. */
  replayable = true
  #url

  constructor(url, request, init) {
    this.#url = url
    this.request = request
    this.rest = init ?? undefined
    this.method = String(init?.method ?? request?.method ?? 'GET')
    this.headers = headersOf(init?.headers ?? request?.headers)
    this.body = init?.body ?? null
    this.redirect = init?.redirect ?? request?.redirect ?? 'follow'
    this.signal = init?.signal ?? request?.signal ?? undefined
    if (this.body !== null) this.replayable = !isStream(this.body)
  }

  /** Parsed only if it is needed: most calls end without. */
  get url() {
    if (typeof this.#url === 'string') this.#url = new URL(this.#url)
    return this.#url
  }

  /** The first argument of fetch for the next hop. */
  get target() {
    return this.request ?? this.href
  }

  get href() {
    return typeof this.#url === 'string' ? this.#url : this.#url.href
  }

  /** Why the request cannot carry the token; undefined if it can. */
  refusal(authorizer) {
    const isAllowed = typeof this.#url === 'string' ? authorizer.allowsText(this.#url) : authorizer.allows(this.#url)
    if (!isAllowed) return refusalOf(authorizer, this.#url)
    return hasAuthorization(this.headers) ? invalid('headers', 'Authorization is set by the client') : undefined
  }

  /**
   * Reads a Request's body into memory, because a Request does not show whether its body could be read again. A stream in `init`
   * is not read, and is sent once.
   */
  async holdBody() {
    if (this.body === null && this.request.body !== null) this.body = Buffer.from(await this.request.arrayBuffer())
  }

  /** The second argument of fetch for the next hop. */
  init(authorization) {
    const init = { ...this.rest, method: this.method, redirect: 'manual' }
    if (this.headers instanceof Headers) {
      init.headers = new Headers(this.headers)
      if (authorization !== undefined) init.headers.set('authorization', authorization)
    } else {
      init.headers = authorization === undefined ? this.headers : { ...this.headers, authorization }
    }
    if (this.signal !== undefined) init.signal = this.signal
    if (this.body !== null) init.body = this.body
    else if (init.body !== undefined) init.body = null
    return init
  }

  /** Changes the call to the next hop, as the fetch standard says. */
  redirectTo(status, location) {
    let url
    try {
      url = new URL(location, this.url)
    } catch {
      throw failed('the redirect leads to no URL')
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failed('the redirect leads to no http or https URL')
    this.headers = new Headers(this.headers)
    const toGet = status === 303 ? !['GET', 'HEAD'].includes(this.method) : status < 303 && this.method === 'POST'
    if (toGet) {
      this.method = 'GET'
      this.body = null
      this.replayable = true
      for (const name of CONTENT) this.headers.delete(name)
    } else if (!this.replayable) {
      throw failed('a body that is a stream cannot follow a redirect')
    }
    if (url.origin !== this.url.origin) for (const name of OF_ORIGIN) this.headers.delete(name)
    this.#url = url
    this.request = undefined
  }
}

function refusalOf(authorizer, url) {
  try {
    return authorizer.refusal(authorizer.resolve(url))
  } catch (error) {
    // A text that passed for plain, but is not a valid URL.
    return error
  }
}

/** A plain object is left for fetch to read. Other forms, which may be readable only once, become Headers. */
function headersOf(headers) {
  if (headers === undefined || headers === null) return undefined
  const isPlain = typeof headers === 'object' && typeof headers[Symbol.iterator] !== 'function'
  return isPlain ? headers : new Headers(headers)
}

function hasAuthorization(headers) {
  if (headers === undefined) return false
  if (headers instanceof Headers) return headers.has('authorization')
  for (const name in headers) if (name.length === 13 && name.toLowerCase() === 'authorization') return true
  return false
}

function isStream(body) {
  return typeof body.getReader === 'function' || (typeof body[Symbol.asyncIterator] === 'function' && typeof body.arrayBuffer !== 'function')
}

/** Follows redirects, beginning with `response`. */
async function followed(authorizer, inner, call, response) {
  for (let hops = 0; ; hops += 1) {
    if (hops > 0) Object.defineProperty(response, 'redirected', { value: true })
    const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null
    if (location === null || call.redirect === 'manual') return response
    discard(response)
    if (call.redirect === 'error') throw failed('unexpected redirect')
    if (hops === HOPS_MAX) throw failed('redirect count exceeded')
    call.redirectTo(response.status, location)
    response = authorizer.allows(call.url) ? await sent(authorizer, inner, call) : await plain(inner, call)
  }
}

/** Sends one hop, and once more if the verdict says so. */
async function sent(authorizer, inner, call) {
  const kept = authorizer.fresh() ?? (await authorizer.authorize(call.signal))
  const response = await inner(call.target, call.init(kept.header))
  if (response.status === 401) return resent(authorizer, inner, call, kept, response)
  authorizer.note(kept, response.status)
  return response
}

/** As {@link resent}, and follows a redirect in the second response. */
async function healed(authorizer, inner, call, kept, response) {
  const again = await resent(authorizer, inner, call, kept, response)
  return REDIRECTS.includes(again.status) ? followed(authorizer, inner, call, again) : again
}

/** The response to the request sent again, or the 401 itself if that cannot help. */
async function resent(authorizer, inner, call, kept, response) {
  const peeked = await PeekedResponse.at(response)
  const verdict = await judged(authorizer, kept, call, peeked)
  if (verdict.kept === undefined) return remember(peeked.whole(), verdict)
  peeked.discard()
  const again = await inner(call.target, call.init(verdict.kept.header))
  if (again.status === 401) {
    const last = await PeekedResponse.at(again)
    const { reason, error } = await judged(authorizer, verdict.kept, call, last)
    return remember(last.whole(), { reason, error })
  }
  authorizer.note(verdict.kept, again.status)
  return again
}

function judged(authorizer, kept, call, { response, body }) {
  const headers = []
  response.headers.forEach((value, name) => headers.push(name, value))
  return authorizer.judge(kept, { url: call.href, status: response.status, headers, body, replayable: call.replayable }, call.signal)
}

async function plain(inner, call) {
  const response = await inner(call.target, call.init())
  return response.status === 401 ? remember(response, { reason: 'foreign_origin', error: null }) : response
}

/** The error that fetch rejects with when the network fails. */
function failed(why) {
  return new TypeError('fetch failed', { cause: new Error(why) })
}

module.exports = { authorized }
