// client.fetch: every option of the platform's fetch does what it does there.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'

import { Sandbox } from 'evertoken/testing'

let sandbox
let client
before(() => {
  sandbox = Sandbox.start()
  client = sandbox.password()
})
beforeEach(() => sandbox.reset())
after(() => sandbox.close())

const API = '/plain/api/x'
const echoed = async (input, init) => (await client.fetch(input, init)).json()
const authorized = async ({ headers }) => headers.authorization === `fp:${(await client.token()).fingerprint}`

describe('headers', () => {
  const forms = {
    'a plain object': { 'X-Mine': 'yes', 'x-number': 1 },
    'an object without a prototype': Object.assign(Object.create(null), { 'x-mine': 'yes', 'x-number': '1' }),
    Headers: new Headers({ 'x-mine': 'yes', 'x-number': '1' }),
    'a list of pairs': [['x-mine', 'yes'], ['x-number', '1']],
    'a Map': new Map([['x-mine', 'yes'], ['x-number', '1']]),
  }
  for (const [name, headers] of Object.entries(forms)) {
    test(name, async () => {
      const echo = await echoed(API, { headers })
      assert.deepEqual([echo.headers['x-mine'], echo.headers['x-number'], await authorized(echo)], ['yes', '1', true])
    })
  }

  test('are read once and not changed', async () => {
    const headers = { 'x-mine': 'yes' }
    const list = new Headers(headers)
    await echoed(API, { headers })
    await echoed(API, { headers: list })
    assert.deepEqual([headers, [...list]], [{ 'x-mine': 'yes' }, [['x-mine', 'yes']]])
  })

  test('of a Request give way to those beside it', async () => {
    const echo = await echoed(new Request(sandbox.url + API, { headers: { 'x-mine': 'no' } }), { headers: { 'x-mine': 'yes' } })
    assert.equal(echo.headers['x-mine'], 'yes')
  })

  test('that are none reject as fetch does', async () => {
    for (const headers of [{ 'a b': 'x' }, { 'x-a': 'a\nb' }, [['x']], 7]) await assert.rejects(client.fetch(API, { headers }), TypeError)
    assert.equal(sandbox.counts().total.api, 0)
  })

  test('that bring Authorization are refused, however it is spelt', async () => {
    for (const headers of [{ AUTHORIZATION: 'x' }, new Headers({ authorization: 'x' }), [['Authorization', 'x']]]) {
      await assert.rejects(client.fetch(API, { headers }), { code: 'config_invalid' })
    }
  })
})

describe('a URL', () => {
  test('is a string, a URL or a Request', async () => {
    for (const input of [API, sandbox.url + API, new URL(sandbox.url + API), new Request(sandbox.url + API)]) assert.equal((await echoed(input)).path, API)
  })

  const written = {
    '/plain/api/a/../x': API,
    '/plain/api/%2e%2e/api/x': API,
    '/plain/api/x#part': API,
    '/plain/api/ü x': '/plain/api/%C3%BC%20x',
    '//plain/api/x': API,
    'plain/api/x': API,
  }
  for (const [text, path] of Object.entries(written)) test(`${text} is ${path}`, async () => assert.equal((await echoed(text)).path, path))

  test('that is none is refused', async () => {
    for (const url of ['http://1.2.3.4.5/x', 'http://h:99999/x', 'data:text/plain,x']) await assert.rejects(client.fetch(url), { code: 'config_invalid' })
    let passed = 0
    await client.wrapFetch(async () => (passed++, new Response()))('http://1.2.3.4.5/x')
    assert.equal(passed, 1)
  })

  test('keeps its query', async () => assert.equal((await echoed(`${API}?a=1&b=%20&c=x/.y`)).query, 'a=1&b=%20&c=x/.y'))

  test('below a base URL with a path', async () => {
    const below = sandbox.password({ baseUrl: `${sandbox.url}/plain/api/` })
    for (const text of ['/x', 'x', '/x?a=1']) assert.equal((await below.fetch(text)).url.split('?')[0], sandbox.url + API)
  })
})

describe('a method', () => {
  for (const method of ['GET', 'HEAD', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']) {
    test(method, async () => {
      const response = await client.fetch(API, { method })
      assert.equal(response.status, 200)
      assert.equal(sandbox.journal().at(-1).method, method)
    })
  }
  test('in lower case is made upper where the standard says so', async () => assert.equal((await echoed(API, { method: 'post', body: 'x' })).method, 'POST'))
  test('GET with a body rejects as fetch does', () => assert.rejects(client.fetch(API, { body: 'x' }), TypeError))
})

describe('a body', () => {
  test('of a FormData arrives as one', async () => {
    const form = new FormData()
    form.set('field', 'value')
    form.set('file', new File(['content'], 'name.txt', { type: 'text/plain' }))
    const seen = []
    await client.wrapFetch(async (_input, init) => (seen.push(await new Response(init.body).formData()), new Response()))(API, { method: 'POST', body: form })
    assert.deepEqual([seen[0].get('field'), await seen[0].get('file').text()], ['value', 'content'])
    assert.match((await echoed(API, { method: 'POST', body: form })).headers['content-type'], /^multipart\/form-data; boundary=/)
  })

  test('of a stream is sent as it comes', async () => {
    // The reset has made the token void, and a stream is not sent twice.
    await echoed(API)
    const text = 'piece '.repeat(50_000)
    const { body_sha256: found } = await echoed(API, { method: 'POST', body: new Blob([text]).stream(), duplex: 'half' })
    assert.equal(found, createHash('sha256').update(text).digest('hex'))
  })

  test('sets its content type, which a header replaces', async () => {
    assert.equal((await echoed(API, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })).headers['content-type'], 'application/x-www-form-urlencoded;charset=UTF-8')
    assert.equal((await echoed(API, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).headers['content-type'], 'application/json')
  })
})

test('a response is read piece by piece as it comes', async () => {
  sandbox.script({ 'GET /large': [{ text: 'y'.repeat(2_000_000) }] })
  let length = 0
  for await (const piece of (await client.fetch('/large')).body) length += piece.length
  assert.equal(length, 2_000_000)
})

test('integrity is checked', async () => {
  const digest = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`
  sandbox.script({ 'GET /x': { repeat_last: true, answers: [{ text: 'content' }] } })
  assert.equal(await (await client.fetch('/x', { integrity: digest('content') })).text(), 'content')
  await assert.rejects(client.fetch('/x', { integrity: digest('another') }), TypeError)
})

test('all other options reach fetch as they are', async () => {
  const options = { cache: 'no-store', credentials: 'omit', keepalive: true, mode: 'cors', referrer: 'about:client', referrerPolicy: 'no-referrer', integrity: '', priority: 'high', duplex: 'half', window: null, dispatcher: {} }
  let given
  await client.wrapFetch(async (_input, init) => ((given = init), new Response()))(API, options)
  for (const [name, value] of Object.entries(options)) assert.equal(given[name], value, name)
})

describe('a signal', () => {
  test('that has fired sends nothing', async () => {
    await client.token()
    await assert.rejects(client.fetch(API, { signal: AbortSignal.abort() }), { name: 'AbortError' })
    assert.equal(sandbox.counts().total.api, 0)
  })

  test('of AbortSignal.timeout rejects with its TimeoutError, the wait for the token included', async () => {
    const cold = sandbox.wso2({ tokenUrl: `${sandbox.url}/token?options` })
    sandbox.arm({ route: 'token', fault: 'gate' })
    await assert.rejects(cold.fetch('/wso2/api/x', { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' })
    sandbox.release()
    await cold.token()
    assert.equal(sandbox.counts().total.login, 1)
  })

  test('ends the reading of the body', async () => {
    sandbox.script({ 'GET /large': [{ text: 'y'.repeat(20_000_000) }] })
    const abort = new AbortController()
    const response = await client.fetch('/large', { signal: abort.signal })
    abort.abort()
    await assert.rejects(response.text(), { name: 'AbortError' })
  })
})
