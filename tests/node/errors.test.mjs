// Every failure is an EvertokenError with a code of the native table, and tells no secret.

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createRequire } from 'node:module'
import { inspect } from 'node:util'

import { Client, ERROR_CODES, EvertokenError } from 'evertoken'
import { Sandbox } from 'evertoken/testing'

const require = createRequire(import.meta.url)
const native = require('../../bindings-node/lib/native.cjs')
const common = require('evertoken')

let sandbox
let run = 0
before(() => {
  sandbox = Sandbox.start({ https: true })
})
beforeEach(() => sandbox.reset())
after(() => sandbox.close())

/** An identity of its own, so that no test sees another's token or pause. */
const own = () => `${sandbox.url}/token?run=${++run}`
const wso2 = (options) => sandbox.wso2({ tokenUrl: own(), ...options })

/** A port that nobody listens on. */
async function deadUrl() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}/token`
}

const fault = (answer) => sandbox.arm({ route: 'token', count: 0, fault: answer })

/** How each kind comes about. The two without a way have no cause outside this library yet. */
const WAYS = {
  config_invalid: async () => Client.wso2({}),
  credentials_rejected: () => wso2({ password: 'wrong-Passw0rd' }).token(),
  locked_out: () => {
    sandbox.script({ 'POST /token': [{ status: 400, json: { error: 'invalid_grant', error_description: '17003:The account is locked' } }] })
    return wso2().token()
  },
  rate_limited: () => {
    fault({ type: 'rate_limited', retry_after: 7 })
    return wso2({ maxAttempts: 1 }).token()
  },
  server_unavailable: () => {
    fault({ type: 'status', status: 503 })
    return wso2({ maxAttempts: 1 }).token()
  },
  unreachable: async () => wso2({ tokenUrl: await deadUrl(), maxAttempts: 1 }).token(),
  tls: () => wso2({ tokenUrl: `${sandbox.httpsUrl}/token` }).token(),
  timed_out: () => {
    fault('gate')
    return wso2().token({ timeout: 20 })
  },
  bad_response: () => {
    fault({ type: 'html' })
    return wso2({ maxAttempts: 1 }).token()
  },
  same_token: async () => {
    sandbox.script({ 'POST /token': { repeat_last: true, answers: [{ json: { access_token: 'the-same', expires_in: 600 } }] }, 'POST /revoke': { repeat_last: true, answers: [{}] } })
    const client = wso2()
    await client.token()
    client.invalidate()
    return client.token()
  },
  origin_refused: () => wso2().authorization('https://elsewhere.example/x'),
  cancelled: () => wso2().token({ signal: AbortSignal.abort() }),
  closed: async () => {
    const client = wso2()
    await client.close()
    return client.token()
  },
  store: null,
  internal: null,
}

/** Goes the way to this kind, from a clean start. */
function go(code) {
  sandbox.reset()
  return WAYS[code]()
}

test('the codes are those of the native table, in its order', () => {
  assert.deepEqual(ERROR_CODES, native.errorKinds().map(({ code }) => code))
  assert.deepEqual(Object.keys(WAYS).toSorted(), ERROR_CODES.toSorted())
})

describe('every kind is reachable', () => {
  for (const [code, way] of Object.entries(WAYS)) {
    if (way === null) continue
    test(code, async () => {
      await assert.rejects(() => go(code), (error) => {
        assert.ok(error instanceof EvertokenError, inspect(error))
        assert.ok(error instanceof Error)
        assert.equal(error.code, code, error.message)
        assert.equal(error.name, code === 'cancelled' ? 'AbortError' : 'EvertokenError')
        assert.match(error.message, /\(hint: .+\)$/)
        assert.doesNotMatch(error.message, /[a-z]_[a-z]+_?[a-z]*:/)
        for (const name of ['httpStatus', 'providerCode', 'providerMessage', 'retryAfter', 'fingerprint', 'identity']) assert.ok(name in error, name)
        return true
      })
    })
  }
})

test('what a server says is in fields', async () => {
  await assert.rejects(() => go('rate_limited'), { code: 'rate_limited', httpStatus: 429, retryAfter: 7000, retryable: true })
  await assert.rejects(() => go('credentials_rejected'), { code: 'credentials_rejected', httpStatus: 400, providerCode: 'invalid_grant', retryable: false })
})

test('instanceof works across ESM and CommonJS', async () => {
  assert.equal(common.EvertokenError, EvertokenError)
  assert.equal(common.Client, Client)
  await assert.rejects(() => go('config_invalid'), common.EvertokenError)
  assert.ok(EvertokenError.is(new common.EvertokenError('closed', 'x'), 'closed'))
  assert.ok(!EvertokenError.is(new Error('x')) && !EvertokenError.is(new EvertokenError('closed', 'x'), 'tls'))
})

test('an asynchronous stack shows who called', async () => {
  async function theCaller() {
    await wso2({ password: 'wrong' }).token()
  }
  const error = await theCaller().catch((error) => error)
  assert.match(error.stack, /at async theCaller/)
  assert.match(error.stack.split('\n')[1], /at (async )?call|at async Client\.token/)
})

describe('options are refused by the name that JavaScript gives them', () => {
  const base = { serverKey: 'key', serverSecret: 'secret', baseUrl: 'https://api.example' }
  const refused = {
    'unknown, with the nearest': [{ ...base, baseUlr: 'x' }, /^baseUlr: is not an option here; did you mean baseUrl\?/],
    'spelt with an underscore': [{ ...base, server_key: 'x' }, /^server_key: .* did you mean serverKey\?/],
    missing: [{ serverKey: 'key', baseUrl: 'https://api.example' }, /^serverSecret: is required/],
    'a wrong type': [{ ...base, timeout: 'soon' }, /^timeout: must be a number, not a string/],
    'a function': [{ ...base, timeout: () => 1 }, /^timeout: must be .*, not a function/],
    'a negative duration': [{ ...base, connectTimeout: -1 }, /^connectTimeout: must be a number of milliseconds/],
    'a duration of zero': [{ ...base, timeout: 0 }, /^timeout: must be more than 0/],
    'not a number': [{ ...base, softWindow: NaN }, /^softWindow: must be a number, not NaN/],
    'bytes, as they are read from a file': [{ ...base, serverSecret: Buffer.from('s3cret') }, /^serverSecret: must be a string, not bytes/],
    'a class instance': [{ ...base, extraHeaders: new Date() }, /^extraHeaders: must be a plain object/],
    'a list of numbers': [{ ...base, allowedOrigins: [1] }, /^allowedOrigins: must be a string, not a number/],
    CR: [{ ...base, serverKey: 'a\rb' }, /^serverKey: must not contain control characters/],
    LF: [{ ...base, serverSecret: 'a\nb' }, /^serverSecret: must not contain control characters/],
    NUL: [{ ...base, serverSecret: 'a\0b' }, /^serverSecret: must not contain control characters/],
    'http to another machine': [{ ...base, baseUrl: 'http://api.example' }, /^baseUrl: must be https.*allowInsecureHttp overrides this/],
    'credentials in a URL': [{ ...base, baseUrl: 'https://a:b@api.example' }, /^baseUrl: must not contain a user name or password/],
    'an unreadable CA file': [{ ...base, caFile: '/nowhere/ca.pem' }, /^caFile: .*nowhere.*cannot be read/],
    'no object': [null, /^options: must be an object, not null/],
  }
  for (const [name, [options, message]] of Object.entries(refused)) {
    test(name, () => assert.throws(() => Client.pismo(options), { code: 'config_invalid', message }))
  }
  test('a bigint keeps all its digits', () => assert.match(Client.pismo({ ...base, accountId: 1_152_921_504_606_846_977n }).identity, /account 1152921504606846977/))

  test('undefined and null are not set', () => assert.ok(Client.pismo({ ...base, accountId: undefined, caFile: null })))
  test('URLs are taken as they are', () => assert.equal(Client.pismo({ ...base, baseUrl: new URL('https://api.example/v1') }).baseUrl, 'https://api.example/v1'))
  test('an option of another flow', () => assert.throws(() => Client.passkit({ token: 'x', serverKey: 'y' }), /^EvertokenError: serverKey: is not an option here/))
  test('a constructor needs a flow', () => assert.throws(() => new Client(), /use Client\.pismo\(\)/))
})

describe('calls refuse their arguments by name', () => {
  const refused = {
    'token(minTTL)': [(client) => client.token({ minTTL: 1 }), /^minTTL: .*did you mean minTtl\?/],
    'token(minTtl)': [(client) => client.token({ minTtl: -1 }), /^minTtl: must be a number of milliseconds/],
    'token(timeout)': [(client) => client.token({ timeout: '1' }), /^timeout: must be a number of milliseconds/],
    'token(signal)': [(client) => client.token({ signal: {} }), /^signal: must be an AbortSignal/],
    'request(option)': [(client) => client.request('GET', '/', { retries: 1 }), /^retries: is not an option here, only headers, body, /],
    'request()': [(client) => client.request(), /^method: must be a string, not undefined/],
    'request(method) alone': [(client) => client.request('GET'), /^url: must be a string or a URL, not undefined/],
    'request(options)': [(client) => client.request('GET', { url: '/' }), /^url: must be a string or a URL, not an object/],
    'request(stream)': [(client) => client.request('GET', '/', { stream: 'yes' }), /^stream: must be true or false/],
    'request(method)': [(client) => client.request('G T', '/'), /^method: is not an HTTP method/],
    'request(url)': [(client) => client.request('GET', 'ftp://x/'), /^url: is not an http or https URL/],
    'request(url), CR': [(client) => client.request('GET', '/a\r\nb'), /^url: must not contain control characters/],
    'request(headers), LF': [(client) => client.request('GET', '/', { headers: { 'x-a': 'a\nb' } }), /^headers: x-a has a value that no header can carry/],
    'request(headers), NUL': [(client) => client.request('GET', '/', { headers: { 'x-a': 'a\0b' } }), /^headers: x-a has a value/],
    'request(headers), name': [(client) => client.request('GET', '/', { headers: { 'a b': 'x' } }), /^headers: a name is not a header name/],
    'request(Authorization)': [(client) => client.request('GET', '/', { headers: { authorization: 'x' } }), /^headers: Authorization is set by the client/],
    'request(json and body)': [(client) => client.request('POST', '/', { json: 1, body: 'x' }), /^json: excludes body/],
    'request(json)': [(client) => client.request('POST', '/', { json: () => {} }), /^json: cannot be written as JSON/],
    'request(body)': [(client) => client.request('POST', '/', { body: { a: 1 } }), /^body: must be a string, bytes/],
    'request(redirect)': [(client) => client.request('GET', '/', { redirect: 'error' }), /^redirect: must be 'follow' or 'manual'/],
    'fetch(Authorization)': [(client) => client.fetch('/', { headers: { authorization: 'x' } }), /^headers: Authorization is set by the client/],
    'fetch()': [(client) => client.fetch(), /^url: must be a string or a URL, not undefined/],
    'authorize()': [(client) => client.authorize(), /^url: must be a string or a URL, not undefined/],
    'authorization(null)': [(client) => client.authorization(null), /^url: must be a string or a URL, not null/],
    'close(revoke)': [(client) => client.close({ revoke: 1 }), /^revoke: must be true or false/],
    'attachAxios(instance)': [async (client) => client.attachAxios({}), /^instance: must be an axios instance/],
    'judge(authorization)': [(client) => client.judge({}, { status: 401 }), /^authorization: must come from authorize\(\)/],
  }
  for (const [name, [call, message]] of Object.entries(refused)) {
    test(name, () => assert.rejects(() => call(wso2()), { code: 'config_invalid', message }))
  }
  test('nothing of that was sent', async () => {
    for (const [call] of Object.values(refused)) await call(wso2()).catch(() => {})
    assert.equal(sandbox.counts().total.api, 0)
  })
})

describe('foreign URLs', () => {
  const calls = {
    authorization: (client, url) => client.authorization(url),
    authorizationSync: async (client, url) => client.authorizationSync(url),
    headersFor: (client, url) => client.headersFor(url),
    authorize: (client, url) => client.authorize(url),
    request: (client, url) => client.request('GET', url),
    fetch: (client, url) => client.fetch(url),
  }
  for (const [name, call] of Object.entries(calls)) {
    test(name, async () => {
      await assert.rejects(() => call(wso2(), `${sandbox.foreignUrl}/x`), { code: 'origin_refused', message: /allowedOrigins/ })
      assert.equal(sandbox.counts().foreign, 0)
    })
  }
})

test('no error shows a secret, by whatever way it is printed', async () => {
  const secret = 's3cret$&;%()?<>[]_).:@+ü'
  for (const [code, way] of Object.entries(WAYS)) {
    if (way === null) continue
    const error = await go(code).then(
      () => assert.fail(),
      (error) => error,
    )
    const { wso2: credentials } = sandbox.credentials
    for (const text of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error), error.stack]) {
      for (const hidden of [secret, credentials.password, credentials.consumer_secret, 'wrong-Passw0rd', 'the-same']) {
        assert.ok(!text.includes(hidden), `${code} shows a secret`)
      }
    }
  }
})

test('its JSON form is complete and plain', () => {
  const error = new EvertokenError('rate_limited', 'slow down', { retryAfter: 5, cause: new Error('inner') })
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: 'EvertokenError',
    code: 'rate_limited',
    message: 'slow down',
    retryable: true,
    httpStatus: null,
    providerCode: null,
    providerMessage: null,
    retryAfter: 5,
    fingerprint: null,
    identity: null,
  })
  assert.equal(error.cause.message, 'inner')
  assert.throws(() => new EvertokenError('oops', 'x'), TypeError)
})
