// client.fetch and wrapFetch: the platform's fetch, with our header and our verdict.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Readable } from 'node:stream'

import { API, plain } from './plain.mjs'

const { sandbox, client } = plain()
const apiCalls = () => sandbox.journal().filter((entry) => entry.kind === 'api' || entry.kind === 'other')

/** A client with a token that the server has just revoked. */
async function revoked(options) {
  const made = client(options)
  await made.token()
  sandbox.revoke({ what: 'access' })
  return made
}

for (const way of ['fetch', 'request']) {
  test(`1,000 calls of ${way}, all refused by a revocation: one renewal, 1,000 successes`, async () => {
    const made = await revoked()
    sandbox.control('DELETE', '/journal')
    sandbox.arm({ route: 'api', count: 1000, fault: 'gate' })
    const send = () => (way === 'fetch' ? made.fetch(API) : made.request('GET', API))
    const calls = Array.from({ length: 1000 }, send)
    await sandbox.waitHeld(1000)
    sandbox.release()
    const answers = await Promise.all(calls)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    if (way === 'fetch') await Promise.all(answers.map((answer) => answer.arrayBuffer()))
    const { login, refresh } = sandbox.counts().plain
    assert.equal(login + refresh, 1)
    assert.equal(sandbox.counts().total.api, 2000)
    assert.equal(made.stats().refused, 1000)
  })
}

describe('a response', () => {
  test('is a Response as the platform makes it', async () => {
    const response = await client().fetch(`${API}?a=1`, { method: 'POST', body: 'hello', headers: { 'x-mine': 'yes' } })
    assert.ok(response instanceof Response)
    assert.equal(response.url, `${sandbox.url}${API}?a=1`)
    assert.equal(response.redirected, false)
    const echo = await response.json()
    assert.deepEqual([echo.method, echo.query, echo.body_length, echo.headers['x-mine']], ['POST', 'a=1', 5, 'yes'])
  })

  test('that is not a 401 has no reason', async () => {
    const made = client()
    assert.equal(made.authOf(await made.fetch(API)), null)
  })
})

describe('after a 401 the whole body is sent again', () => {
  const form = () => {
    const data = new FormData()
    data.set('field', 'value')
    data.set('file', new Blob(['content']), 'file.txt')
    return data
  }
  const bodies = {
    string: () => 'hello wörld',
    Buffer: () => Buffer.from('hello'),
    ArrayBuffer: () => new Uint8Array([1, 2, 3]).buffer,
    'typed array': () => new Uint16Array([1, 500, 3]),
    Blob: () => new Blob(['blob'], { type: 'text/plain' }),
    URLSearchParams: () => new URLSearchParams({ a: 'b' }),
    FormData: form,
  }
  for (const [name, make] of Object.entries(bodies)) {
    for (const way of ['fetch', 'request', 'fetch with a Request']) {
      test(`${name}, ${way}`, async () => {
        const made = await revoked()
        const send = {
          fetch: () => made.fetch(API, { method: 'POST', body: make() }),
          request: () => made.request('POST', API, { body: make() }),
          'fetch with a Request': () => made.fetch(new Request(sandbox.url + API, { method: 'POST', body: make() })),
        }
        assert.equal((await send[way]()).status, 200)
        const [first, second] = apiCalls()
        assert.deepEqual([first.status, second.status], [401, 200])
        assert.ok(first.body_length > 0)
        assert.equal(second.body_length, first.body_length)
        // The boundary of a form is drawn anew each time.
        if (name !== 'FormData') assert.equal(second.body_sha256, first.body_sha256)
      })
    }
  }

  test('but a stream is not: the 401 is given back and the next call succeeds', async () => {
    const streams = {
      ReadableStream: () => new Blob(['once']).stream(),
      Readable: () => Readable.from([Buffer.from('once')]),
      async *generator() {
        yield Buffer.from('once')
      },
    }
    for (const [name, make] of Object.entries(streams)) {
      sandbox.reset()
      const made = await revoked()
      const response = await made.fetch(API, { method: 'POST', body: make(), duplex: 'half' })
      assert.equal(response.status, 401, name)
      assert.equal(made.authOf(response).reason, 'body_not_replayable', name)
      assert.equal((await made.fetch(API)).status, 200, name)
    }
  })

  test('the same through request', async () => {
    const made = await revoked()
    const response = await made.request('POST', API, { body: Readable.from(['on', 'ce']) })
    assert.deepEqual([response.status, response.auth.reason], [401, 'body_not_replayable'])
    assert.equal((await made.request('GET', API)).status, 200)
  })
})

describe('redirects', () => {
  const redirect = (to, status = 302) => sandbox.script({ '/away': [{ status, headers: { location: to } }] })

  test('are followed, and the token goes along within its origin', async () => {
    redirect(API)
    const response = await client().fetch('/away')
    assert.deepEqual([response.status, response.redirected, response.url], [200, true, sandbox.url + API])
  })

  test('to another origin go without the token and the cookies', async () => {
    redirect(`{{foreign}}${API}`)
    const made = client()
    const response = await made.fetch('/away', { headers: { cookie: 'a=b', 'x-mine': 'yes' } })
    assert.equal(response.status, 401)
    assert.equal(made.authOf(response).reason, 'foreign_origin')
    const [, there] = apiCalls()
    assert.equal(there.listener, 'foreign')
    assert.ok(!there.headers.includes('authorization') && !there.headers.includes('cookie') && there.headers.includes('x-mine'))
  })

  test('to another origin that is allowed take the token along', async () => {
    redirect(`{{foreign}}${API}`)
    assert.equal((await client({ allowedOrigins: [sandbox.foreignUrl] }).fetch('/away')).status, 200)
  })

  test('to another origin lose what was set for the first one, which the platform would see to but for other fetches', async () => {
    const sent = []
    let isLetGo = false
    const body = new ReadableStream({ cancel: () => void (isLetGo = true) })
    const away = new Response(body, { status: 302, headers: { location: `${sandbox.foreignUrl}/there` } })
    const answers = [away, new Response('there')]
    const fake = async (url, { headers }) => {
      sent.push([url, Object.fromEntries(new Headers(headers))])
      return answers.shift()
    }
    const headers = { host: 'first.example', cookie: 'a=b', 'proxy-authorization': 'Basic x', 'x-mine': 'yes' }
    await client().wrapFetch(fake)(`${sandbox.url}/here`, { headers })
    const [[, { authorization, ...first }], second] = sent
    assert.match(authorization, /^Bearer /)
    assert.deepEqual(first, headers)
    assert.deepEqual(second, [`${sandbox.foreignUrl}/there`, { 'x-mine': 'yes' }])
    assert.ok(isLetGo, 'the body of the redirect')
  })

  test('are given back with redirect: manual', async () => {
    redirect(API)
    const response = await client().fetch('/away', { redirect: 'manual' })
    assert.deepEqual([response.status, response.headers.get('location')], [302, API])
  })

  test('reject with redirect: error', async () => {
    redirect(API)
    await assert.rejects(client().fetch('/away', { redirect: 'error' }), (error) => error instanceof TypeError && /redirect/.test(error.cause.message))
  })

  test('make a GET of a POST with 301, 302 and 303', async () => {
    for (const status of [301, 302, 303]) {
      sandbox.reset()
      redirect(API, status)
      const headers = { 'content-type': 'text/csv', 'content-language': 'en', 'x-mine': 'yes' }
      const echo = await (await client().fetch('/away', { method: 'POST', body: 'x', headers })).json()
      assert.deepEqual([echo.method, echo.body_length], ['GET', 0], String(status))
      const left = [echo.headers['content-type'], echo.headers['content-language'], echo.headers['x-mine']]
      assert.deepEqual(left, [undefined, undefined, 'yes'], String(status))
    }
  })

  test('leave other methods as they are with 301 and 302, and HEAD with 303', async () => {
    for (const [method, status, then] of [
      ['PUT', 301, 'PUT'],
      ['PUT', 302, 'PUT'],
      ['PUT', 303, 'GET'],
      ['HEAD', 303, 'HEAD'],
    ]) {
      sandbox.reset()
      redirect(API, status)
      await client().fetch('/away', { method })
      assert.deepEqual(
        apiCalls().map((call) => call.method),
        [method, then],
        `${method} ${status}`
      )
    }
  })

  test('keep method and body with 307 and 308, for a Request too', async () => {
    for (const status of [307, 308]) {
      sandbox.reset()
      redirect(API, status)
      const echo = await (await client().fetch('/away', { method: 'POST', body: 'kept' })).json()
      assert.deepEqual([echo.method, echo.body_length], ['POST', 4])
      redirect(API, status)
      const again = await (await client().fetch(new Request(`${sandbox.url}/away`, { method: 'POST', body: 'kept' }))).json()
      assert.deepEqual([again.method, again.body_length], ['POST', 4])
    }
  })

  test('cannot be followed by a stream', async () => {
    redirect(API, 307)
    const call = client().fetch('/away', { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' })
    await assert.rejects(call, (error) => error instanceof TypeError && error.cause.message === 'a body that is a stream cannot follow a redirect')
  })

  test('that drop a stream heal a 401 behind them', async () => {
    const made = await revoked()
    redirect(API, 303)
    const response = await made.fetch('/away', { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' })
    assert.equal(response.status, 200)
  })

  test('that lead to no http or https URL fail and say so', async () => {
    for (const [to, why] of [
      ['ftp://127.0.0.1/', 'the redirect leads to no http or https URL'],
      ['http://[', 'the redirect leads to no URL'],
    ]) {
      redirect(to)
      await assert.rejects(client().fetch('/away'), (error) => error instanceof TypeError && error.cause.message === why)
    }
  })

  test('in a circle end', async () => {
    sandbox.script({ 'GET /away': { repeat_last: true, answers: [{ status: 302, headers: { location: '/away' } }] } })
    await assert.rejects(client().fetch('/away'), (error) => error instanceof TypeError && error.cause.message === 'redirect count exceeded')
    assert.equal(sandbox.counts().paths['GET /away'], 21)
  })

  test('are followed from the response to a resend', async () => {
    sandbox.script({ '/away': [{ status: 401 }, { status: 302, headers: { location: API } }] })
    const response = await client().fetch('/away')
    assert.deepEqual([response.status, response.url], [200, sandbox.url + API])
  })

  test('heal a 401 on the second hop', async () => {
    redirect(API)
    const made = await revoked()
    sandbox.script({ 'GET /away': [{ status: 302, headers: { location: API } }] })
    assert.equal((await made.fetch('/away')).status, 200)
  })
})

describe('a signal', () => {
  test('ends the wait for the token, with its reason', async () => {
    sandbox.arm({ route: 'token', fault: 'gate' })
    const abort = new AbortController()
    const made = client()
    const call = made.fetch(API, { signal: abort.signal })
    const other = made.fetch(API)
    await sandbox.waitHeld(1)
    const reason = new Error('enough')
    abort.abort(reason)
    await assert.rejects(call, (error) => error === reason)
    sandbox.release()
    assert.equal((await other).status, 200)
    assert.equal(sandbox.counts().total.login, 1)
  })

  test('ends the request', async () => {
    const made = client()
    await made.token()
    sandbox.arm({ route: 'api', fault: 'gate' })
    const abort = new AbortController()
    const call = made.fetch(API, { signal: abort.signal })
    await sandbox.waitHeld(1)
    abort.abort()
    await assert.rejects(call, { name: 'AbortError' })
  })

  test('of a Request counts too', async () => {
    await assert.rejects(client().fetch(new Request(sandbox.url + API, { signal: AbortSignal.abort() })), { name: 'AbortError' })
  })
})

describe('wrapFetch', () => {
  test('heals like client.fetch', async () => {
    const made = await revoked()
    assert.equal((await made.wrapFetch(globalThis.fetch)(API)).status, 200)
  })

  test('passes on what is foreign and what brings its own header', async () => {
    const made = client()
    const passed = []
    const wrapped = made.wrapFetch(async (input, init) => (passed.push([input, init]), new Response('passed')))
    const requests = [
      ['https://elsewhere.example/x', undefined],
      [new URL('https://elsewhere.example/y'), { method: 'POST', body: 'x' }],
      [new Request('https://elsewhere.example/z', { method: 'POST', body: 'x' }), undefined],
      ['data:text/plain,hello', undefined],
      [API, { headers: { authorization: 'mine' } }],
    ]
    for (const [input, init] of requests) assert.equal(await (await wrapped(input, init)).text(), 'passed')
    assert.deepEqual(passed, requests)
    assert.equal(passed[2][0].bodyUsed, false)
    assert.equal(sandbox.counts().total.requests, 0)
  })

  test('sees one call to the inner fetch per sending, with the header', async () => {
    const made = client()
    const seen = []
    const wrapped = made.wrapFetch(async (input, init) => (seen.push([input, new Headers(init.headers).get('authorization')]), new Response()))
    await wrapped(API)
    assert.deepEqual(seen, [[sandbox.url + API, await made.authorization()]])
  })

  test('takes options that only the inner fetch knows', async () => {
    const dispatcher = {}
    let given
    await client().wrapFetch(async (_input, init) => ((given = init.dispatcher), new Response()))(API, { dispatcher })
    assert.equal(given, dispatcher)
  })
})
