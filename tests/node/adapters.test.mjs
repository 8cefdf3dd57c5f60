// The adapters against the libraries themselves.

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'

import axios from 'axios'
import got from 'got'
import * as undici7 from 'undici'
import * as undici6 from 'undici6'

import { EvertokenError } from 'evertoken'

import { API, plain } from './plain.mjs'
import { ADAPTERS } from './senders.mjs'

const { sandbox, client } = plain()

for (const [name, throughout] of Object.entries(ADAPTERS)) {
  /** undici 6 hands on no context past a redirect interceptor. */
  const tells = name !== 'undici 6'

  describe(name, () => {
    /** A sender whose token the server has just revoked. */
    async function revoked(options) {
      const made = client(options)
      await made.token()
      sandbox.revoke({ what: 'access' })
      return { made, send: throughout(made) }
    }

    test('adds the header', async () => {
      const made = client()
      const { status, text } = await throughout(made)(API, { headers: { 'x-mine': 'yes' } })
      assert.equal(status, 200)
      const { headers } = JSON.parse(text)
      assert.equal(headers.authorization, `fp:${(await made.token()).fingerprint}`)
      assert.equal(headers['x-mine'], 'yes')
    })

    test('heals a 401', async () => {
      const { send } = await revoked()
      assert.equal((await send(API)).status, 200)
      assert.equal(sandbox.counts().plain.refresh, 1)
      assert.equal(sandbox.counts().total.api, 2)
    })

    test('sends a body again', async () => {
      for (const body of ['text', Buffer.from('bytes')]) {
        sandbox.reset()
        const { send } = await revoked()
        const { status } = await send(API, { method: 'POST', body })
        assert.equal(status, 200)
        const [first, second] = sandbox.journal().filter(({ kind }) => kind === 'api')
        assert.equal(first.body_length, body.length)
        assert.equal(second.body_sha256, first.body_sha256)
      }
    })

    test('gives the second 401 back, whole and with its reason', async () => {
      const made = client()
      await made.token()
      const text = 'a refusal '.repeat(10)
      sandbox.arm({ route: 'api', count: 2, fault: { type: 'status', status: 401, text } })
      const { status, text: body, answer } = await throughout(made)(API)
      assert.deepEqual([status, body], [401, text])
      if (tells) assert.equal(made.authOf(answer).reason, 'refused_again')
      assert.equal(made.stats().givenBack, 1)
    })

    test('gives a large 401 back whole', async () => {
      const made = client()
      await made.token()
      const text = 'no '.repeat(50_000)
      sandbox.arm({ route: 'api', count: 2, fault: { type: 'status', status: 401, text } })
      const { status, text: body } = await throughout(made)(API)
      assert.deepEqual([status, body], [401, text])
    })

    test('knows a 401 about rights by its body', async () => {
      const made = client()
      await made.token()
      sandbox.arm({ route: 'api', count: 2, fault: { type: 'status', status: 401, json: { fault: { code: 900907 } } } })
      assert.equal((await throughout(made)(API)).status, 401)
      assert.deepEqual([sandbox.counts().total.api, made.stats().flights], [1, 1])
    })

    test('leaves foreign URLs and foreign headers alone', async () => {
      const send = throughout(client())
      assert.equal((await send(sandbox.foreignUrl + API)).status, 401)
      assert.equal((await send(API, { headers: { Authorization: 'Bearer mine' } })).status, 401)
      const [foreign, mine] = sandbox.journal()
      assert.equal(foreign.authorization ?? null, null)
      assert.deepEqual([mine.authorization.scheme, sandbox.counts().total.login], ['Bearer', 0])
    })

    test('lets a redirect take it within its origin', async () => {
      sandbox.script({ 'GET /away': [{ status: 302, headers: { location: API } }] })
      assert.equal((await throughout(client())('/away')).status, 200)
    })

    test('rejects with the error of a failed login', async () => {
      const send = throughout(client({ password: 'wrong' }))
      await assert.rejects(send(API), (error) => {
        const found = [error, error.cause].find((one) => one instanceof EvertokenError)
        assert.equal(found?.code, 'credentials_rejected', inspect(error))
        return true
      })
    })
  })
}

describe('axios', () => {
  test('has no token in what an error serializes to', async () => {
    const instance = axios.create()
    const made = client()
    made.attachAxios(instance)
    const { value } = await made.token()
    sandbox.script({ 'GET /x': [{ status: 500, json: { message: 'broken' } }] })
    const error = await instance.get('/x').catch((error) => error)
    assert.equal(error.response.status, 500)
    assert.deepEqual(error.response.data, { message: 'broken' })
    assert.ok(!JSON.stringify(error).includes(value) && !inspect(error.config).includes(value))
  })

  test('runs interceptors and transforms once per call', async () => {
    const instance = axios.create()
    const made = client()
    made.attachAxios(instance)
    let requests = 0
    let responses = 0
    instance.interceptors.request.use((config) => (requests++, config))
    instance.interceptors.response.use((response) => (responses++, response))
    await made.token()
    sandbox.revoke({ what: 'access' })
    const { data, config } = await instance.post(API, { a: 1 })
    assert.deepEqual([requests, responses, data.body_length, config.data], [1, 1, 7, '{"a":1}'])
    assert.equal(config.beforeRedirect, undefined)
  })

  test('sends a form again after a 401, the platform\'s and the query\'s', async () => {
    const data = new FormData()
    data.set('file', new Blob(['content']), 'file.txt')
    for (const form of [data, new URLSearchParams({ a: '1' })]) {
      const instance = axios.create()
      const made = client()
      made.attachAxios(instance)
      await made.token()
      sandbox.revoke({ what: 'access' })
      sandbox.control('DELETE', '/journal')
      assert.equal((await instance.post(API, form)).status, 200)
      const [refused, accepted] = sandbox.journal().filter((entry) => entry.kind === 'api')
      assert.deepEqual([refused.status, accepted.body_length], [401, refused.body_length])
    }
  })

  test('that takes no absolute URLs sends them below its base, with the token', async () => {
    const instance = axios.create({ baseURL: sandbox.url + API, allowAbsoluteUrls: false })
    client().attachAxios(instance)
    const { data } = await instance.get('https://elsewhere.example/y')
    assert.equal(data.path, `${API}/https://elsewhere.example/y`)
  })

  test('lets go of a streamed 401 before it sends again', async () => {
    const refused = Readable.from(['refused'])
    const answers = [{ status: 401, headers: {}, data: refused }, { status: 200, headers: {}, data: 'healed' }]
    const instance = axios.create({ adapter: async (config) => ({ ...answers.shift(), statusText: '', config }) })
    client().attachAxios(instance)
    assert.equal((await instance.get(API)).data, 'healed')
    assert.ok(refused.destroyed)
  })

  test('given up while it waits for the token says so in its own word', async () => {
    sandbox.arm({ route: 'token', fault: 'gate' })
    const instance = axios.create()
    client().attachAxios(instance)
    const abort = new AbortController()
    const call = instance.get(API, { signal: abort.signal })
    await sandbox.waitHeld(1)
    abort.abort()
    await assert.rejects(call, { name: 'CanceledError', code: 'ERR_CANCELED' })
    sandbox.release()
  })

  test('is attached until it is detached', async () => {
    const instance = axios.create({ baseURL: sandbox.url, validateStatus: null })
    const detach = client().attachAxios(instance)
    assert.equal((await instance.get(API)).status, 200)
    detach()
    assert.equal((await instance.get(API)).status, 401)
  })

  test('detached, sends a config that was attached no more than once again', async () => {
    const instance = axios.create({ validateStatus: null })
    const detach = client().attachAxios(instance)
    const { config } = await instance.get(API)
    detach()
    assert.equal((await instance.request({ ...config, adapter: undefined })).status, 401)
  })

  test('has room for a client per API', async () => {
    const instance = axios.create({ validateStatus: null })
    const there = sandbox.pismo({ baseUrl: sandbox.foreignUrl, tokenUrl: `${sandbox.url}/passport/v2/s2s/access-token` })
    client().attachAxios(instance)
    there.attachAxios(instance)
    assert.equal((await instance.get(sandbox.url + API)).status, 200)
    assert.equal((await instance.get(`${sandbox.foreignUrl}/pismo/api/x`)).data.token.fingerprint, (await there.token()).fingerprint)
  })

  test('leaves a request with credentials of its own alone', async () => {
    const instance = axios.create({ validateStatus: null })
    client().attachAxios(instance)
    assert.equal((await instance.get(API, { auth: { username: 'u', password: 'p' } })).status, 401)
    assert.equal((await instance.get(API, { headers: { aUTHORIZATION: 'Own x' } })).status, 401)
    const schemes = sandbox.journal().map(({ authorization }) => authorization.scheme)
    assert.deepEqual([schemes, sandbox.counts().total.login], [['Basic', 'other'], 0])
  })

  test('finds the adapter of each request', async () => {
    const instance = axios.create()
    client().attachAxios(instance)
    const mine = async (config) => ({ status: 200, statusText: '', headers: {}, config, request: new URL(sandbox.url) })
    const kinds = []
    for (const adapter of [undefined, 'fetch', undefined, ['fetch', 'http'], ['http'], mine, [mine], 'http', ['nothing']]) {
      const call = instance.get(API, adapter === undefined ? {} : { adapter })
      kinds.push(await call.then(({ request }) => request.constructor.name).catch(({ message }) => message))
    }
    assert.deepEqual(kinds, ['ClientRequest', 'Request', 'ClientRequest', 'Request', 'ClientRequest', 'URL', 'URL', 'ClientRequest', "Unknown adapter 'nothing'"])
  })

  test('works with each of its adapters, and with one of the program', async () => {
    const mine = async (config) => ({ status: 200, statusText: '', headers: {}, config, data: config.headers.get('Authorization') })
    const made = client()
    for (const adapter of ['http', 'fetch', mine]) {
      const instance = axios.create({ adapter })
      made.attachAxios(instance)
      const { data, config } = await instance.get(API)
      assert.ok(adapter === mine ? data === (await made.authorization()) : data.headers.authorization.startsWith('fp:'))
      assert.ok(!config.headers.has('Authorization'))
    }
  })

  test('takes URLs as URL objects', async () => {
    const instance = axios.create()
    client().attachAxios(instance)
    assert.equal((await instance.get(new URL(sandbox.url + API))).status, 200)
  })

  test('takes a request that is sent again by its config', async () => {
    const instance = axios.create()
    client().attachAxios(instance)
    sandbox.arm({ route: 'api', fault: { type: 'status', status: 503 } })
    const error = await instance.post(API, { a: 1 }).catch((error) => error)
    assert.equal((await instance.request(error.config)).data.body_length, 7)
  })

  test('cancels in its own words', async () => {
    const instance = axios.create()
    client().attachAxios(instance)
    sandbox.arm({ route: 'token', fault: 'gate' })
    const abort = new AbortController()
    const call = instance.get(API, { signal: abort.signal })
    await sandbox.waitHeld(1)
    abort.abort()
    await assert.rejects(call, (error) => axios.isCancel(error))
    sandbox.release()
  })

  test('keeps responses as streams', async () => {
    const instance = axios.create({ responseType: 'stream' })
    const made = client()
    made.attachAxios(instance)
    await made.token()
    sandbox.revoke({ what: 'access' })
    const { data } = await instance.get(API)
    let text = ''
    for await (const piece of data) text += piece
    assert.equal(JSON.parse(text).method, 'GET')
  })
})

describe('got', () => {
  test('throws its own error for a 401 that was given back', async () => {
    const made = client()
    await made.token()
    sandbox.arm({ route: 'api', count: 2, fault: 'unauthorized' })
    const error = await got(sandbox.url + API, { hooks: made.gotHooks() }).catch((error) => error)
    assert.equal(error.name, 'HTTPError')
    assert.equal(made.authOf(error.response).reason, 'refused_again')
  })

  test('takes the header out of the request of a response', async () => {
    const { request } = await got(sandbox.url + API, { hooks: client().gotHooks() })
    assert.equal(request.options.headers.authorization, undefined)
  })

  test('puts a header on for each of its retries', async () => {
    const made = client()
    sandbox.arm({ route: 'api', fault: { type: 'status', status: 503 } })
    const answer = await got(sandbox.url + API, { hooks: made.gotHooks(), retry: { limit: 1, calculateDelay: ({ computedValue }) => computedValue && 1 } }).json()
    assert.equal(answer.headers.authorization, `fp:${(await made.token()).fingerprint}`)
  })
})

describe('undici', () => {
  test('works below the platform fetch', async () => {
    const made = client()
    await made.token()
    sandbox.revoke({ what: 'access' })
    // The platform's own undici calls handlers as that of one version or another expects it.
    const { Agent } = parseInt(process.versions.undici) < 8 ? undici6 : undici7
    const dispatcher = new Agent().compose(made.undiciInterceptor())
    assert.equal((await fetch(sandbox.url + API, { dispatcher })).status, 200)
  })

  for (const [version, { Agent, interceptors, request, stream }] of Object.entries({ 6: undici6, 7: undici7 })) {
    /** A client whose token the server has just revoked. */
    async function revoked() {
      const made = client()
      await made.token()
      sandbox.revoke({ what: 'access' })
      return made
    }

    test(`${version}: retries around it and below it`, async () => {
      for (const order of ['around', 'below']) {
        sandbox.reset()
        const made = await revoked()
        const retry = interceptors.retry({ maxRetries: 2, minTimeout: 1, timeoutFactor: 1 })
        const chain = order === 'around' ? [made.undiciInterceptor(), retry] : [retry, made.undiciInterceptor()]
        const dispatcher = new Agent().compose(...chain)
        sandbox.arm({ route: 'api', skip: 1, fault: { type: 'status', status: 503 } })
        const { statusCode, body } = await request(sandbox.url + API, { dispatcher })
        assert.equal(statusCode, 200, order)
        await body.dump()
        assert.equal(sandbox.counts().total.api, 3, order)
      }
    })

    test(`${version}: stream, and the reason of a 401 in its context`, async () => {
      const made = await revoked()
      const dispatcher = new Agent().compose(made.undiciInterceptor())
      const { Writable } = await import('node:stream')
      const answered = async () => {
        let text = ''
        let head
        const sink = new Writable({ write: (piece, _encoding, done) => ((text += piece), done()) })
        await stream(sandbox.url + API, { dispatcher, method: 'GET' }, (given) => ((head = given), sink))
        return { text, head }
      }
      const good = await answered()
      assert.deepEqual([good.head.statusCode, JSON.parse(good.text).method, made.authOf(good.head)], [200, 'GET', null])
      sandbox.arm({ route: 'api', count: 2, fault: 'unauthorized' })
      const bad = await answered()
      assert.deepEqual([bad.head.statusCode, made.authOf(bad.head)], [401, { reason: 'refused_again', error: null }])
      assert.ok(!inspect(bad.head, { depth: 9, showHidden: true }).includes((await made.token()).value))
    })

    test(`${version}: headers in every form`, async () => {
      const dispatcher = new Agent().compose(client().undiciInterceptor())
      for (const headers of [{ 'x-mine': 'yes' }, ['x-mine', 'yes'], new Map([['x-mine', 'yes']]), new Headers({ 'x-mine': 'yes' })]) {
        const echo = await (await request(sandbox.url + API, { dispatcher, headers })).body.json()
        assert.deepEqual([echo.headers['x-mine'], echo.headers.authorization.slice(0, 3)], ['yes', 'fp:'])
      }
    })
  }

  test('can be given up while the verdict is out', async () => {
    for (const { Agent, request } of [undici6, undici7]) {
      sandbox.reset()
      const made = client()
      await made.token()
      sandbox.revoke({ what: 'access' })
      sandbox.arm({ route: 'token', fault: 'gate' })
      const abort = new AbortController()
      const dispatcher = new Agent().compose(made.undiciInterceptor())
      const call = request(sandbox.url + API, { dispatcher, signal: abort.signal })
      await sandbox.waitHeld(1)
      abort.abort()
      await assert.rejects(call, { name: 'AbortError' })
      sandbox.release()
      await dispatcher.close()
    }
  })
})
