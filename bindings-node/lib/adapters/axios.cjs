'use strict'

// Attaches a client to an axios instance. The header is put on between axios and its adapter, so interceptors,
// transforms and retries see one request, neither `error.config` nor `response.config` holds a token, and what is printed of
// a response or an error shows none.

const { isPieces } = require('../bytes.cjs')
const { invalid } = require('../errors.cjs')
const { remember } = require('../verdicts.cjs')
const { beginningOf, conceal, pairsOf } = require('./response.cjs')
const { adapterFinder } = require('./axios_adapter.cjs')

/** What an adapter of ours stands for, and which attachment made it. */
const INNER = Symbol('evertoken')
const MAKER = Symbol('evertoken')
/** As axios tells URLs that need no base. */
const ABSOLUTE = /^(?:[a-z][a-z\d+\-.]*:)?\/\//i

function attachAxios(authorizer, instance) {
  const requests = instance?.interceptors?.request
  if (typeof requests?.use !== 'function' || typeof instance.create !== 'function') throw invalid('instance', 'must be an axios instance')
  const find = adapterFinder(instance)
  const maker = {}
  /** One adapter of ours for each list of axios' names. */
  const byNames = new Map()
  const attached = (config) => {
    const inner = config.adapter
    config.baseURL ??= authorizer.baseUrl
    // Beside a base axios takes text only.
    if (config.url instanceof URL) config.url = config.url.href
    // Of a request that is sent again by its config it is ours already.
    if (isBy(maker, inner)) return config
    const names = typeof inner === 'function' ? undefined : String(inner)
    config.adapter = byNames.get(names) ?? around(inner)
    if (names !== undefined) byNames.set(names, config.adapter)
    return config
  }
  const around = (inner) => Object.assign((config) => exchange(authorizer, find, inner, config), { [INNER]: inner, [MAKER]: maker })
  const id = requests.use(attached, null, { synchronous: true })
  return function detach() {
    requests.eject(id)
  }
}

/** Whether this attachment's adapter is among those around axios' own: an instance may have several clients. */
function isBy(maker, adapter) {
  for (let at = adapter; typeof at === 'function'; at = at[INNER]) if (at[MAKER] === maker) return true
  return false
}

/** Waits for nothing of ours while the token is fresh. */
function exchange(authorizer, find, inner, config) {
  const adapter = find(inner, config)
  if (typeof adapter !== 'function') return adapter.then((later) => sent(authorizer, later, config))
  return sent(authorizer, adapter, config)
}

function sent(authorizer, adapter, config) {
  const isBrought = config.headers.has('Authorization') || (config.auth !== undefined && config.auth !== null)
  if (isBrought || !isAllowed(authorizer, config)) return adapter(config)
  const kept = authorizer.fresh()
  return kept === undefined ? waited(authorizer, adapter, config) : healed(authorizer, adapter, config, kept)
}

/** A call that is given up meanwhile ends here; axios then says so in its own word. */
async function waited(authorizer, adapter, config) {
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
      return resent(authorizer, adapter, config, next)
    }
  }
  if (failure !== undefined) throw failure
  return response
}

async function resent(authorizer, adapter, config, kept) {
  const second = new Attempt(authorizer, config, kept)
  try {
    return await second.last(await adapter(config))
  } catch (error) {
    conceal(error?.request)
    await second.last(error?.response)
    throw error
  }
}

/** One sending of a request. The config is this request's own: it holds the header while the adapter runs, and not a moment longer. */
class Attempt {
  #authorizer
  #config
  #kept
  #beforeRedirect
  /** Where the last redirect led. */
  #url

  constructor(authorizer, config, kept) {
    this.#authorizer = authorizer
    this.#config = config
    this.#kept = kept
    this.#beforeRedirect = config.beforeRedirect
    // As `set` would, which first looks for another spelling: there is none.
    config.headers.Authorization = kept.header
    config.beforeRedirect = (options, ...rest) => {
      this.#url = new URL(options.href)
      redirected(authorizer, this.#url, options, kept.header)
      this.#beforeRedirect?.(options, ...rest)
    }
  }

  /** Takes the header away again and notes the response, if one came. */
  ended(response) {
    const { headers } = this.#config
    // For axios that is as good as deleted, and deleting turns the headers into a dictionary: 2 % of a request.
    if (headers.Authorization === this.#kept.header) headers.Authorization = undefined
    else headers.delete('Authorization')
    this.#config.beforeRedirect = this.#beforeRedirect
    conceal(response?.request)
    const isOurs = this.#url === undefined || this.#authorizer.allows(this.#url)
    if (response !== undefined && response.status !== 401 && isOurs) this.#authorizer.note(this.#kept, response.status)
    return response
  }

  /** The same for a response after which nothing is sent any more. */
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

/** Whether the token may go where this request begins. */
function isAllowed(authorizer, { url, baseURL, allowAbsoluteUrls }) {
  const isAbsolute = allowAbsoluteUrls !== false && ABSOLUTE.test(url)
  return authorizer.allowsText(isAbsolute ? url : baseURL)
}

/** The URL of a request as axios puts it together, without its query, which plays no part in a verdict. */
function urlOf({ url = '', baseURL, allowAbsoluteUrls }) {
  if (allowAbsoluteUrls !== false && ABSOLUTE.test(url)) return url
  return url === '' ? baseURL : `${baseURL.replace(/\/?\/$/, '')}/${url.replace(/^\/+/, '')}`
}

/** Before a redirect is followed: the token goes on only where it may. */
function redirected(authorizer, url, options, header) {
  for (const name of Object.keys(options.headers)) if (name.toLowerCase() === 'authorization') delete options.headers[name]
  if (authorizer.allows(url)) options.headers.Authorization = header
}

/** The `form-data` package and everything with `pipe` can be sent once; the platform's own forms again. */
function isReplayable(data) {
  if (data instanceof FormData || data instanceof URLSearchParams) return true
  return typeof data?.pipe !== 'function' && !isPieces(data)
}

module.exports = { attachAxios }
