'use strict'

// Attaches a client to an axios instance. The header is put on between axios and its adapter, so interceptors,
// transforms and retries see one request, and neither `error.config` nor `response.config` holds a token.

const { bytesOf, isBytes, isPieces } = require('../bytes.cjs')
const { invalid } = require('../errors.cjs')
const { PREFIX_BYTES } = require('../prefix.cjs')
const { remember } = require('../verdicts.cjs')
const { adapterFinder } = require('./axios_adapter.cjs')

/** What an adapter of ours stands for, so that a request sent again is not wrapped twice. */
const INNER = Symbol('evertoken')
/** As axios tells URLs that need no base. */
const ABSOLUTE = /^(?:[a-z][a-z\d+\-.]*:)?\/\//i

function attachAxios(gate, instance) {
  const requests = instance?.interceptors?.request
  if (typeof requests?.use !== 'function' || typeof instance.create !== 'function') throw invalid('instance', 'must be an axios instance')
  const find = adapterFinder(instance)
  const id = requests.use((config) => {
    const inner = config.adapter?.[INNER] ?? config.adapter
    config.baseURL ??= gate.native.baseUrl
    // Beside a base axios takes text only.
    if (config.url instanceof URL) config.url = config.url.href
    config.adapter = (ready) => exchange(gate, find, inner, ready)
    config.adapter[INNER] = inner
    return config
  })
  return function detach() {
    requests.eject(id)
  }
}

async function exchange(gate, find, inner, config) {
  const adapter = find(inner, config)
  const send = typeof adapter === 'function' ? adapter : await adapter
  if (!isAllowed(gate, config) || config.headers.has('Authorization')) return send(config)
  let kept
  try {
    kept = gate.fresh() ?? (await gate.authorize(config.signal ?? undefined))
  } catch (error) {
    // axios has its own word for a request that was given up.
    if (error.code === 'cancelled') return send(config)
    throw error
  }
  const first = new Attempt(gate, config, kept)
  const response = await first.send(send)
  const next = response?.status === 401 ? await first.judged(response) : first.noted(response)
  if (next === undefined) return first.settled()
  response.data?.destroy?.()
  const second = new Attempt(gate, config, next)
  const again = await second.send(send)
  if (again?.status === 401) await second.judged(again)
  else second.noted(again)
  return second.settled()
}

/** One sending of a request. */
class Attempt {
  #gate
  #config
  #kept
  /** Where the last redirect led. */
  #url
  #response
  #error

  constructor(gate, config, kept) {
    this.#gate = gate
    this.#config = config
    this.#kept = kept
  }

  /** The answer, be its status good or not; undefined if none came. */
  async send(adapter) {
    const config = this.#config
    try {
      this.#response = await adapter({
        ...config,
        headers: config.headers.concat({ Authorization: this.#kept.header }),
        beforeRedirect: (options, ...rest) => {
          this.#url = new URL(options.href)
          turned(this.#gate, this.#url, options, this.#kept.header)
          config.beforeRedirect?.(options, ...rest)
        },
      })
    } catch (error) {
      this.#error = error
      this.#response = error?.response
      if (error?.config !== undefined) error.config = config
    }
    if (this.#response !== undefined) this.#response.config = config
    return this.#response
  }

  settled() {
    if (this.#error !== undefined) throw this.#error
    return this.#response
  }

  /** Notes an answer that is no 401. */
  noted(response) {
    const isOurs = this.#url === undefined || this.#gate.allows(this.#url)
    if (response !== undefined && isOurs) this.#gate.note(this.#kept, response.status)
  }

  /** The header to send again with; undefined if this 401 is the answer. */
  async judged(response) {
    const url = this.#url ?? new URL(urlOf(this.#config))
    if (!this.#gate.allows(url)) {
      remember(response, { reason: 'foreign_origin', error: null })
      return undefined
    }
    const { data, signal } = this.#config
    const headers = Object.entries(response.headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]))
    const seen = { url, status: 401, headers, body: prefix(response.data), replayable: isReplayable(data) }
    const verdict = await this.#gate.judge(this.#kept, seen, signal ?? undefined)
    if (verdict.kept === undefined) remember(response, verdict)
    return verdict.kept
  }
}

/** Whether the token may go where this request begins. */
function isAllowed(gate, { url, baseURL, allowAbsoluteUrls }) {
  const isAbsolute = allowAbsoluteUrls !== false && ABSOLUTE.test(url)
  return gate.allowsText(isAbsolute ? url : baseURL)
}

/** The URL of a request as axios puts it together, without its query, which plays no part in a verdict. */
function urlOf({ url = '', baseURL, allowAbsoluteUrls }) {
  if (allowAbsoluteUrls !== false && ABSOLUTE.test(url)) return url
  return url === '' ? baseURL : `${baseURL.replace(/\/?\/$/, '')}/${url.replace(/^\/+/, '')}`
}

/** Before a redirect is followed: the token goes on only where it may. */
function turned(gate, url, options, header) {
  for (const name of Object.keys(options.headers)) if (name.toLowerCase() === 'authorization') delete options.headers[name]
  if (gate.allows(url)) options.headers.Authorization = header
}

function prefix(data) {
  return isBytes(data) ? bytesOf(data).subarray(0, PREFIX_BYTES) : undefined
}

/** The `form-data` package and everything with `pipe` can be sent once; the platform's own forms again. */
function isReplayable(data) {
  if (data instanceof FormData || data instanceof URLSearchParams) return true
  return typeof data?.pipe !== 'function' && !isPieces(data)
}

module.exports = { attachAxios }
