// client.request: the core's own HTTP client.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createHash } from 'node:crypto'
import { inspect } from 'node:util'

import { ClientResponse, StreamedResponse } from 'evertoken'

import { API, plain } from './plain.mjs'

const { sandbox, client } = plain()

describe('a response', () => {
  test('has status, headers, body, URL and version', async () => {
    const response = await client().request('get', API)
    assert.ok(response instanceof ClientResponse)
    assert.deepEqual([response.status, response.ok, response.url, response.httpVersion, response.auth], [200, true, sandbox.url + API, '1.1', null])
    assert.ok(response.headers instanceof Headers)
    assert.equal(response.headers.get('Content-Type'), 'application/json')
    assert.ok(Buffer.isBuffer(response.body))
    assert.deepEqual(response.json(), JSON.parse(response.text()))
  })

  test('keeps repeated and foreign headers', async () => {
    sandbox.script({ 'GET /h': [{ headers: { 'set-cookie': ['a=1', 'b=2'], 'x-empty': '' }, text: 'ok' }] })
    const { headers } = await client().request('GET', '/h')
    assert.deepEqual(headers.getSetCookie(), ['a=1', 'b=2'])
    assert.equal(headers.get('x-empty'), '')
  })

  test('that is not JSON is not quoted', async () => {
    sandbox.script({ 'GET /page': [{ text: '<html>s3cret</html>' }] })
    const response = await client().request('GET', '/page')
    assert.throws(
      () => response.json(),
      (error) => error.code === 'bad_response' && error.httpStatus === 200 && !inspect(error).includes('s3cret'),
    )
  })

  test('larger than what is copied arrives whole', async () => {
    const text = 'x'.repeat(3_000_000)
    sandbox.script({ 'GET /large': [{ text }] })
    assert.equal((await client().request('GET', '/large')).text(), text)
  })

  test('shows neither body nor query when inspected or logged as JSON', async () => {
    const response = await client().request('GET', `${API}?key=s3cret`)
    const shown = inspect(response, { depth: 9 })
    assert.ok(!shown.includes('s3cret') && !shown.includes('body_sha256'), shown)
    const { url, bodyLength, ...rest } = JSON.parse(JSON.stringify(response))
    assert.deepEqual(rest, { status: 200, httpVersion: '1.1', auth: null })
    assert.deepEqual([url, bodyLength], [response.url.split('?')[0], response.body.length])
    const streamed = await client().request('GET', `${API}?key=s3cret`, { stream: true })
    assert.deepEqual(JSON.parse(JSON.stringify(streamed)), { ...rest, url })
    streamed.cancel()
  })

  test('is empty where there is none', async () => {
    sandbox.script({ 'DELETE /x': [{ status: 204 }] })
    const response = await client().request('DELETE', '/x')
    assert.deepEqual([response.status, response.body.length], [204, 0])
  })
})

describe('a request', () => {
  test('takes headers in every form', async () => {
    const forms = [{ 'X-Mine': 'yes', 'x-none': undefined }, new Headers({ 'x-mine': 'yes' }), [['x-mine', 'yes']], new Map([['x-mine', 'yes']])]
    for (const headers of forms) assert.equal((await client().request('GET', API, { headers })).json().headers['x-mine'], 'yes')
    const list = await client().request('GET', API, { headers: { 'x-mine': ['a', 'b'] } })
    assert.deepEqual(list.json().headers['x-mine'], ['a', 'b'])
  })

  test('takes a query in every form', async () => {
    const queries = [{ a: [1, 'ü'], b: true, c: null }, new URLSearchParams('a=1&a=ü&b=true')]
    for (const query of queries) assert.equal((await client().request('GET', API, { query })).json().query, 'a=1&a=%C3%BC&b=true')
    assert.equal((await client().request('GET', `${API}?z=1#f`, { query: { a: 1 } })).json().query, 'z=1&a=1')
    assert.equal((await client().request('GET', API, { query: {} })).json().query, '')
    assert.equal((await client().request('GET', API, { query: { since: new Date(0) } })).json().query, 'since=1970-01-01T00%3A00%3A00.000Z')
    await assert.rejects(client().request('GET', API, { query: { where: { id: 1 } } }), { code: 'config_invalid', message: /^query: where must be a string/ })
  })

  test('names the type of its body, unless it is named', async () => {
    const typeOf = async (options) => (await client().request('POST', API, options)).json().headers['content-type']
    assert.equal(await typeOf({ json: { a: 1 } }), 'application/json')
    assert.equal(await typeOf({ body: 'x' }), 'text/plain;charset=UTF-8')
    assert.equal(await typeOf({ body: Buffer.from('x') }), undefined)
    assert.equal(await typeOf({ body: new URLSearchParams('a=b') }), 'application/x-www-form-urlencoded;charset=UTF-8')
    assert.match(await typeOf({ body: new FormData() }), /^multipart\/form-data; boundary=/)
    assert.equal(await typeOf({ body: new Blob(['x'], { type: 'image/png' }) }), 'image/png')
    assert.equal(await typeOf({ json: 1, headers: { 'Content-Type': 'application/vnd.x+json' } }), 'application/vnd.x+json')
  })

  test('has a deadline of its own', async () => {
    const made = client()
    await made.token()
    sandbox.arm({ route: 'api', fault: 'gate' })
    await assert.rejects(made.request('GET', API, { timeout: 30 }), { code: 'timed_out' })
    sandbox.release()
    assert.equal((await made.request('GET', API, { timeout: Infinity })).status, 200)
  })

  test('is given up by its signal', async () => {
    const made = client()
    await made.token()
    sandbox.arm({ route: 'api', count: 2, fault: 'gate' })
    const abort = new AbortController()
    const [left, stayed] = [made.request('GET', API, { signal: abort.signal }), made.request('GET', API)]
    await sandbox.waitHeld(2)
    abort.abort()
    await assert.rejects(left, { code: 'cancelled', name: 'AbortError' })
    sandbox.release()
    assert.equal((await stayed).status, 200)
  })

  test('gives a redirect back with redirect: manual', async () => {
    sandbox.script({ 'GET /away': { repeat_last: true, answers: [{ status: 302, headers: { location: API } }] } })
    assert.equal((await client().request('GET', '/away', { redirect: 'manual' })).status, 302)
    assert.equal((await client().request('GET', '/away')).url, sandbox.url + API)
  })

  test('to a foreign origin is refused before anything is sent', async () => {
    await assert.rejects(client().request('GET', `${sandbox.foreignUrl}/x`), { code: 'origin_refused' })
    assert.equal(sandbox.counts().total.requests, 0)
  })
})

describe('a body that is sent piece by piece', () => {
  test('arrives whole', async () => {
    const piece = Buffer.alloc(70_000, 'p')
    async function* pieces() {
      for (let index = 0; index < 20; index++) yield piece
    }
    const echo = (await client().request('PUT', API, { body: pieces() })).json()
    const hash = createHash('sha256')
    for (let index = 0; index < 20; index++) hash.update(piece)
    assert.deepEqual([echo.body_length, echo.body_sha256], [1_400_000, hash.digest('hex')])
  })

  test('may be text, a list or a stream of the web', async () => {
    for (const body of [['a', 'bc'], new Blob(['abc']).stream(), new Set(['ab', 'c'])]) {
      assert.equal((await client().request('PUT', API, { body })).json().body_length, 3)
    }
  })

  test('whose source fails does not look complete', async () => {
    const failure = new Error('the disk is gone')
    async function* pieces() {
      yield 'abc'
      throw failure
    }
    await assert.rejects(client().request('PUT', API, { body: pieces() }), (error) => error.code === 'unreachable' && error.cause === failure)
    assert.equal(sandbox.counts().total.api, 0)
  })

  test('that yields no bytes is refused', async () => {
    await assert.rejects(client().request('PUT', API, { body: [1] }), (error) => /must yield strings or bytes/.test(error.cause.message))
  })

  test('is not read further once nobody listens', async () => {
    let close
    const closed = new Promise((resolve) => (close = resolve))
    async function* pieces() {
      try {
        for (;;) yield 'x'.repeat(100_000)
      } finally {
        close()
      }
    }
    const made = client()
    await made.token()
    await assert.rejects(made.request('PUT', API, { body: pieces(), timeout: 100 }))
    await closed
  })

  test('that never comes does not outlast the deadline', async () => {
    const body = new ReadableStream({})
    const made = client()
    await made.token()
    await assert.rejects(made.request('PUT', API, { body, timeout: 50 }), { code: 'timed_out' })
  })
})

describe('a response that is read piece by piece', () => {
  const large = () => sandbox.script({ 'GET /large': { repeat_last: true, answers: [{ text: 'y'.repeat(2_000_000) }] } })

  test('comes before its body', async () => {
    large()
    const response = await client().request('GET', '/large', { stream: true })
    assert.ok(response instanceof StreamedResponse)
    assert.equal(response.headers.get('content-length'), '2000000')
    let length = 0
    for await (const piece of response) {
      assert.ok(Buffer.isBuffer(piece))
      length += piece.length
    }
    assert.equal(length, 2_000_000)
    assert.ok(response.bodyUsed)
    await assert.rejects(response.text(), TypeError)
  })

  test('may be left early, given up or read at once', async () => {
    large()
    const made = client()
    for await (const piece of await made.request('GET', '/large', { stream: true })) {
      assert.ok(piece.length > 0)
      break
    }
    const cancelled = await made.request('GET', '/large', { stream: true })
    cancelled.cancel()
    await assert.rejects(cancelled.bytes(), TypeError)
    assert.equal((await (await made.request('GET', '/large', { stream: true })).text()).length, 2_000_000)
    assert.equal((await (await made.request('GET', API, { stream: true })).json()).method, 'GET')
    let length = 0
    for await (const piece of (await made.request('GET', '/large', { stream: true })).readable()) length += piece.length
    assert.equal(length, 2_000_000)
  })

  test('that breaks off rejects', async () => {
    const made = client()
    await made.token()
    sandbox.arm({ route: 'api', fault: 'truncate' })
    const response = await made.request('GET', API, { stream: true })
    await assert.rejects(response.bytes(), { code: 'unreachable' })
  })

  test('is given up by its signal', async () => {
    const made = client()
    await made.token()
    const abort = new AbortController()
    large()
    const response = await made.request('GET', '/large', { stream: true, signal: abort.signal })
    const reading = response[Symbol.asyncIterator]()
    await reading.next()
    abort.abort()
    await assert.rejects(reading.next(), { code: 'cancelled' })
  })
})
