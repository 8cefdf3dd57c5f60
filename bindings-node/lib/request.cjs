'use strict'

// `client.request`: requests that the core sends.

const { Readable } = require('node:stream')
const { inspect } = require('node:util')

const { bytesOf, isBytes, isPieces } = require('./bytes.cjs')
const check = require('./checks.cjs')
const { fromFailure, invalid, own } = require('./errors.cjs')
const native = require('./native.cjs')
const { call, port } = require('./port.cjs')

const OPTIONS = ['headers', 'body', 'json', 'query', 'timeout', 'connectTimeout', 'readTimeout', 'signal', 'redirect', 'stream']

/** Sends a request and returns its response. */
async function request(nativeClient, method, url, given) {
  const options = check.options(given, OPTIONS)
  const signal = check.signal(options.signal)
  const headers = check.pairs(options.headers)
  const made = bodyOf(options, headers)
  const body = made instanceof Promise ? await made : made
  const verb = methodOf(method)
  const target = withQuery(check.url(url), options.query)
  const stream = check.flag('stream', options.stream)
  const details = given === undefined ? undefined : detailsOf(options, headers, stream)
  const begin = (payload) => (id) => nativeClient.request(id, verb, target, payload, details)
  if (!isPieces(body)) return responseOf(await call(begin(body), signal), stream, signal)
  const pipe = new native.NativeBody(port)
  const failure = {}
  // Not awaited: a source may notice only later that nobody reads it any more.
  void pump(body, pipe, failure)
  try {
    return responseOf(await call(begin(pipe), signal), stream, signal)
  } catch (error) {
    // The source's own error is the cause.
    if (failure.cause !== undefined) error.cause ??= failure.cause
    throw error
  } finally {
    pipe.end()
  }
}

function responseOf(head, isStreamed, signal) {
  return isStreamed ? new StreamedResponse(head, signal) : new ClientResponse(head)
}

function methodOf(method) {
  if (typeof method !== 'string') throw invalid('method', `must be a string, not ${check.shapeOf(method)}`)
  return method.toUpperCase()
}

/** Further details of a request. Most requests have none, and passing the object would cost a native read per member. */
function detailsOf(options, headers, stream) {
  return {
    headers,
    timeout: check.millis('timeout', options.timeout),
    connectTimeout: check.limit('connectTimeout', options.connectTimeout),
    readTimeout: check.limit('readTimeout', options.readTimeout),
    follow: followed(options.redirect),
    stream,
  }
}

function followed(redirect = 'follow') {
  if (redirect !== 'follow' && redirect !== 'manual') throw invalid('redirect', "must be 'follow' or 'manual'")
  return redirect === 'follow'
}

function withQuery(url, query) {
  if (query === undefined || query === null) return url
  const params = query instanceof URLSearchParams ? query : new URLSearchParams()
  if (params !== query) {
    if (typeof query !== 'object') throw invalid('query', `must be an object or a URLSearchParams, not ${check.shapeOf(query)}`)
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined && one !== null) params.append(name, queryText(name, one))
      }
    }
  }
  const text = params.toString()
  const path = url.split('#', 1)[0]
  return text === '' ? url : `${path}${path.includes('?') ? '&' : '?'}${text}`
}

function queryText(name, value) {
  if (value instanceof Date) return value.toISOString()
  const text = String(value)
  if (typeof value === 'object' && text.startsWith('[object ')) throw invalid('query', `${name} must be a string, a number, true or false, or a list of them, not an object`)
  return text
}

/** The body as a string, bytes or pieces, or a promise of bytes; its content type goes to the headers unless there is one. */
function bodyOf({ body, json }, headers) {
  if (json !== undefined) {
    if (body !== undefined && body !== null) throw invalid('json', 'excludes body')
    const text = JSON.stringify(json)
    if (text === undefined) throw invalid('json', 'cannot be written as JSON')
    typed(headers, 'application/json')
    return text
  }
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') {
    typed(headers, 'text/plain;charset=UTF-8')
    return body
  }
  if (isBytes(body)) return bytesOf(body)
  if (body instanceof URLSearchParams || body instanceof Blob || body instanceof FormData) return written(body, headers)
  if (isPieces(body)) return body
  throw invalid('body', 'must be a string, bytes, a Blob, a FormData, a URLSearchParams or a stream; json takes objects')
}

/** Serializes a body with the platform's Response. */
async function written(body, headers) {
  const response = new Response(body)
  const type = response.headers.get('content-type')
  if (type !== null) typed(headers, type)
  return Buffer.from(await response.arrayBuffer())
}

function typed(headers, type) {
  const named = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type')
  if (!named) headers.push('content-type', type)
}

/** Passes the pieces on as fast as they are taken. Never rejects. */
async function pump(pieces, pipe, failure) {
  try {
    for await (const piece of pieces) {
      if (!isBytes(piece)) throw invalid('body', 'must yield strings or bytes')
      if (!(await call((id) => pipe.push(id, bytesOf(piece))))) return
    }
    pipe.end()
  } catch (error) {
    failure.cause = error
    await call((id) => pipe.fail(id)).catch(() => {})
  }
}

/** What both kinds of responses have. */
class ResponseHead {
  #lines
  #headers

  constructor([status, version, url, headers, reason, error]) {
    this.status = status
    this.url = url
    this.httpVersion = version
    this.auth = reason === null ? null : { reason, error: error === null ? null : fromFailure(error) }
    this.#lines = headers
  }

  get ok() {
    return this.status >= 200 && this.status < 300
  }

  get headers() {
    if (this.#headers === undefined) {
      this.#headers = new Headers()
      for (const line of this.#lines.split('\n')) {
        const colon = line.indexOf(':')
        if (colon > 0) this.#headers.append(line.slice(0, colon), line.slice(colon + 1))
      }
    }
    return this.#headers
  }

  toJSON() {
    const { status, url, httpVersion, auth } = this
    return { status, url: withoutQuery(url), httpVersion, auth }
  }
}

/** A response with its whole body. */
class ClientResponse extends ResponseHead {
  constructor(head) {
    super(head)
    this.body = head[6]
  }

  text() {
    return new TextDecoder().decode(this.body)
  }

  json() {
    return parsed(this.text(), this.status)
  }

  toJSON() {
    return { ...super.toJSON(), bodyLength: this.body.length }
  }

  [inspect.custom](_depth, options) {
    const { headers, body } = this
    return `ClientResponse ${inspect({ ...super.toJSON(), headers, bodyLength: body.length }, options)}`
  }
}

/** A response whose body is still to be read, once. */
class StreamedResponse extends ResponseHead {
  #reader
  #signal
  #used = false

  constructor(head, signal) {
    super(head)
    this.#reader = head[6]
    this.#signal = signal
  }

  get bodyUsed() {
    return this.#used
  }

  async *[Symbol.asyncIterator]() {
    if (this.#used) throw new TypeError('the body has been read already')
    this.#used = true
    try {
      for (;;) {
        const piece = await call((id) => this.#reader.next(port, id), this.#signal)
        if (piece === null) return
        yield piece
      }
    } finally {
      this.#reader.cancel()
    }
  }

  readable() {
    return Readable.from(this, { objectMode: false })
  }

  cancel() {
    this.#used = true
    this.#reader.cancel()
  }

  async bytes() {
    const pieces = []
    for await (const piece of this) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  async text() {
    return new TextDecoder().decode(await this.bytes())
  }

  async json() {
    return parsed(await this.text(), this.status)
  }

  [inspect.custom](_depth, options) {
    return `StreamedResponse ${inspect({ ...this.toJSON(), headers: this.headers }, options)}`
  }
}

function parsed(text, httpStatus) {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words would quote the body.
    throw own('bad_response', "the answer's body is not JSON", { httpStatus })
  }
}

function withoutQuery(url) {
  return url.split('?', 1)[0]
}

module.exports = { request, ClientResponse, StreamedResponse }
