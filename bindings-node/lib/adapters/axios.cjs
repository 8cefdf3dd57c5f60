'use strict'

// Attaches a client to an axios instance. The header is added between axios and its adapter. So interceptors, transforms and
// retries see one request, and no token is in `error.config` or `response.config`, or in what is printed of a response or an error.

const { isPieces } = require('../bytes.cjs')
const { invalid } = require('../errors.cjs')
const { remember } = require('../verdicts.cjs')
const { beginningOf, conceal, pairsOf } = require('./response.cjs')
const { adapterFinder } = require('./axios_adapter.cjs')

/** Of an adapter of ours: the adapter that it wraps, and the attachment that made it. */
const INNER = Symbol('evertoken')
const MAKER = Symbol('evertoken')
const AUTHORIZATION = 'authorization'
/** How axios recognises absolute URLs. */
const ABSOLUTE = /^(?:[a-z][a-z\d+\-.]*:)?\/\//i

function attachAxios(authorizer, instance) {
  const requests = instance?.interceptors?.request
  if (typeof requests?.use !== 'function' || typeof instance.create !== 'function') throw invalid('instance', 'must be an axios instance')
  const finder = adapterFinder(instance)
  const maker = {}
  /** Our adapters for axios' own ones, which it names by lists. */
  const byNames = []
  const attached = (config) => {
    const inner = config.adapter
    config.baseURL ??= authorizer.baseUrl
    // With a base URL, axios accepts only a string.
    if (config.url instanceof URL) config.url = config.url.href
    if (typeof inner === 'function') {
      // A config that is used again has our adapter already.
      if (!isBy(maker, inner)) config.adapter = around(inner)
      return config
    }
    config.adapter = byNames.find((adapter) => isSame(adapter[INNER], inner)) ?? named(inner)
    return config
  }
  const around = (inner) => {
    const find = finder(inner)
    return Object.assign((config) => exchange(authorizer, find, config), { [INNER]: inner, [MAKER]: maker })
  }
  const named = (inner) => {
    const adapter = around(inner)
    // A list may contain functions, made for one request.
    if ([inner].flat().every((name) => typeof name === 'string')) byNames.push(adapter)
    return adapter
  }
  const id = requests.use(attached, null, { synchronous: true })
  return function detach() {
    requests.eject(id)
  }
}

/** Whether one of the nested adapters is this attachment's: an instance may have several clients. */
function isBy(maker, adapter) {
  for (let at = adapter; typeof at === 'function'; at = at[INNER]) if (at[MAKER] === maker) return true
  return false
}

/** Whether two names of adapters, or two lists of them, are the same; axios copies its list for each request. */
function isSame(one, other) {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other
  return one.length === other.length && one.every((name, at) => name === other[at])
}

/** Sends a request with the token. Adds no turn of the event loop while the token is fresh. */
function exchange(authorizer, find, config) {
  const adapter = find(config)
  if (typeof adapter !== 'function') return adapter.then((later) => send(authorizer, later, config))
  return send(authorizer, adapter, config)
}

function send(authorizer, adapter, config) {
  const hasOwnCredentials = hasAuthorization(config.headers) || (config.auth !== undefined && config.auth !== null)
  if (hasOwnCredentials || !isAllowed(authorizer, config)) return adapter(config)
  const kept = authorizer.fresh()
  return kept === undefined ? sendAfterLogin(authorizer, adapter, config) : healed(authorizer, adapter, config, kept)
}

async function sendAfterLogin(authorizer, adapter, config) {
  return healed(authorizer, adapter, config, await authorizer.authorize(config.signal ?? undefined))
}

async function healed(authorizer, adapter, config, kept) {
  const first = new Attempt(authorizer, config, kept)
  let response
  let failure
  try {
    response = first.ended(await adapter(config))
  } catch (error) {
    failure = error
    conceal(error?.request)
    response = first.ended(error?.response)
  }
  if (response?.status === 401) {
    const next = await first.judged(response)
    if (next !== undefined) {
      response.data?.destroy?.()
      return resend(authorizer, adapter, config, next)
    }
  }
  if (failure !== undefined) throw failure
  return response
}

async function resend(authorizer, adapter, config, kept) {
  const second = new Attempt(authorizer, config, kept)
  try {
    return await second.last(await adapter(config))
  } catch (error) {
    conceal(error?.request)
    await second.last(error?.response)
    throw error
  }
}

/** One attempt to send a request. Its config contains the header only while the adapter runs. */
class Attempt {
  #authorizer
  #config
  #kept
  #beforeRedirect
  /** The URL of the last redirect. */
  #url

  constructor(authorizer, config, kept) {
    this.#authorizer = authorizer
    this.#config = config
    this.#kept = kept
    this.#beforeRedirect = config.beforeRedirect
    // Assigned, not `set`: that would search for other spellings, of which there are none.
    config.headers.Authorization = kept.header
    config.beforeRedirect = (options, ...rest) => {
      this.#url = new URL(options.href)
      redirected(authorizer, this.#url, options, kept.header)
      this.#beforeRedirect?.(options, ...rest)
    }
  }

  /** Removes the header and notes the response, if there is one. */
  ended(response) {
    const { headers } = this.#config
    // Set to undefined, which axios treats as absent. Deleting would make V8 turn the headers into a dictionary: 2 % of a request.
    if (headers.Authorization === this.#kept.header) headers.Authorization = undefined
    else headers.delete('Authorization')
    this.#config.beforeRedirect = this.#beforeRedirect
    conceal(response?.request)
    const isOurs = this.#url === undefined || this.#authorizer.allows(this.#url)
    if (response !== undefined && response.status !== 401 && isOurs) this.#authorizer.note(this.#kept, response.status)
    return response
  }

  /** The same for the last response; a 401 gets its reason. */
  async last(response) {
    if (this.ended(response)?.status === 401) await this.judged(response)
    return response
  }

  /** The header to send again with; undefined if this 401 is the response. */
  async judged(response) {
    const { data, signal } = this.#config
    const url = this.#url ?? new URL(urlOf(this.#config))
    if (!this.#authorizer.allows(url)) {
      remember(response, { reason: 'foreign_origin', error: null })
      return undefined
    }
    const headers = pairsOf(response.headers)
    const seen = { url: url.href, status: 401, headers, body: beginningOf(response.data), replayable: isReplayable(data) }
    const verdict = await this.#authorizer.judge(this.#kept, seen, signal ?? undefined)
    if (verdict.kept === undefined) remember(response, verdict)
    return verdict.kept
  }
}

/** What `headers.has` says, which compares all names in lower case: a hundredth of a small request. */
function hasAuthorization(headers) {
  for (const name in headers) if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) return headers.has(name)
  return false
}

/** Whether the token may go where this request begins. */
function isAllowed(authorizer, { url, baseURL, allowAbsoluteUrls }) {
  const isAbsolute = allowAbsoluteUrls !== false && ABSOLUTE.test(url)
  return authorizer.allowsText(isAbsolute ? url : baseURL)
}

/** The URL of a request, as axios combines it, without the query, which does not matter for a verdict. */
function urlOf({ url = '', baseURL, allowAbsoluteUrls }) {
  if (allowAbsoluteUrls !== false && ABSOLUTE.test(url)) return url
  return url === '' ? baseURL : `${baseURL.replace(/\/?\/$/, '')}/${url.replace(/^\/+/, '')}`
}

/** Called before a redirect is followed: keeps the token if its origin may receive it, else removes it. */
function redirected(authorizer, url, options, header) {
  for (const name of Object.keys(options.headers)) if (name.toLowerCase() === 'authorization') delete options.headers[name]
  if (authorizer.allows(url)) options.headers.Authorization = header
}

/** Forms of the platform can be sent again; those of the package `form-data`, and everything else with `pipe`, only once. */
function isReplayable(data) {
  if (data instanceof FormData || data instanceof URLSearchParams) return true
  return typeof data?.pipe !== 'function' && !isPieces(data)
}

module.exports = { attachAxios }
