'use strict'

// Attaches a client to an axios instance. The header is put on between axios and its adapter, so interceptors,
// transforms and retries see one request, and neither `error.config` nor `response.config` holds a token.

const { bytesOf, isBytes, isPieces } = require('../bytes.cjs')
const { invalid } = require('../errors.cjs')
const { PREFIX_BYTES } = require('../prefix.cjs')
const { remember } = require('../verdicts.cjs')

/** What an adapter of ours stands for, so that a request sent again is not wrapped twice. */
const INNER = Symbol('evertoken')

function attachAxios(gate, instance) {
  const requests = instance?.interceptors?.request
  if (typeof requests?.use !== 'function' || typeof instance.create !== 'function') throw invalid('instance', 'must be an axios instance')
  // The same adapters without interceptors and transforms, which have run by then.
  const bare = instance.create({ transformRequest: [], transformResponse: [] })
  bare.defaults.headers = {}
  const id = requests.use((config) => {
    const inner = config.adapter?.[INNER] ?? config.adapter
    config.baseURL ??= gate.native.baseUrl
    config.adapter = (ready) => exchange(gate, bare, inner, ready)
    config.adapter[INNER] = inner
    return config
  })
  return function detach() {
    requests.eject(id)
  }
}

async function exchange(gate, bare, inner, config) {
  const url = new URL(bare.getUri(config), gate.native.baseUrl)
  const send = (kept) => sent(gate, bare, inner, config, url, kept)
  if (!gate.allows(url) || config.headers.has('Authorization')) return settled(await send())
  const signal = config.signal ?? undefined
  let kept
  try {
    kept = gate.fresh() ?? (await gate.authorize(signal))
  } catch (error) {
    // axios has its own word for a request that was given up.
    if (error.code === 'cancelled') return settled(await send())
    throw error
  }
  const first = await send(kept)
  const next = await judged(gate, kept, first, config)
  if (next === undefined) return settled(first)
  first.response.data?.destroy?.()
  const again = await send(next)
  await judged(gate, next, again, config)
  return settled(again)
}

/** The header to send again with; undefined if this is the answer. */
async function judged(gate, kept, { url, response }, config) {
  if (response === undefined) return undefined
  if (!gate.allows(url)) {
    if (response.status === 401) remember(response, { reason: 'foreign_origin', error: null })
    return undefined
  }
  if (response.status !== 401) {
    gate.note(kept, response.status)
    return undefined
  }
  const headers = Object.entries(response.headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]))
  const seen = { url, status: 401, headers, body: prefix(response.data), replayable: isReplayable(config.data) }
  const verdict = await gate.judge(kept, seen, config.signal ?? undefined)
  if (verdict.kept === undefined) remember(response, verdict)
  return verdict.kept
}

/** Sends once: `{ response, error }`, as the status is good or not, and the URL that answered. */
async function sent(gate, bare, inner, config, start, kept) {
  let url = start
  const own = { ...config, adapter: inner, transformRequest: [], transformResponse: [] }
  if (kept !== undefined) {
    own.headers = { ...config.headers.toJSON(), Authorization: kept.header }
    own.beforeRedirect = (options, ...rest) => {
      url = new URL(options.href)
      turned(gate, url, options, kept.header)
      config.beforeRedirect?.(options, ...rest)
    }
  }
  try {
    const response = await bare.request(own)
    response.config = config
    return { response, url }
  } catch (error) {
    if (error?.config !== undefined) error.config = config
    if (error?.response !== undefined) error.response.config = config
    return { response: error?.response, error, url }
  }
}

function settled({ response, error }) {
  if (error !== undefined) throw error
  return response
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
