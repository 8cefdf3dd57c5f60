// Tokens and headers: one login for all who wait, a header that costs no call and is never stale.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, beforeEach, describe, test } from 'node:test'

import { Client, EvertokenError, Token } from 'evertoken'
import { Sandbox } from 'evertoken/testing'

const require = createRequire(import.meta.url)
const { port } = require('../../bindings-node/lib/port.cjs')

let sandbox
let run = 0
before(() => {
  sandbox = Sandbox.start()
})
beforeEach(() => sandbox.reset())
after(() => sandbox.close())

const client = (options) => sandbox.wso2({ tokenUrl: `${sandbox.url}/token?token=${++run}`, ...options })
const logins = () => sandbox.counts().total.login

test('10,000 promises on a cold client make exactly one request', async () => {
  const cold = client()
  const tokens = await Promise.all(Array.from({ length: 10_000 }, () => cold.token()))
  assert.equal(new Set(tokens.map((token) => token.value)).size, 1)
  assert.deepEqual(sandbox.counts().paths, { 'POST /token': 1 })
  assert.equal(cold.stats().waiting, 0)
})

test('10,000 promises on ten clients of one identity share the failure of one request', async () => {
  sandbox.arm({ route: 'token', fault: 'gate' })
  const password = 'wrong'
  const tokenUrl = `${sandbox.url}/token?shared`
  const clients = Array.from({ length: 10 }, () => client({ tokenUrl, password }))
  const calls = Array.from({ length: 10_000 }, (_, index) => clients[index % 10].token().catch((error) => error))
  await sandbox.waitHeld(1)
  sandbox.release()
  for (const error of await Promise.all(calls)) assert.equal(error.code, 'credentials_rejected')
  assert.equal(logins(), 1)
})

test('10,000 promises waiting on one login are settled in one turn of the event loop', async () => {
  sandbox.arm({ route: 'token', fault: 'gate' })
  const cold = client()
  let turn = 0
  const turns = new Set()
  const calls = Array.from({ length: 10_000 }, () => cold.token().then(() => turns.add(turn)))
  await sandbox.waitHeld(1)
  const count = () => {
    turn += 1
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)
  sandbox.release()
  // This thread is busy until the last answer is on its way, so that none is told of before.
  while (port.underWay > 0);
  await Promise.all(calls)
  clearImmediate(immediate)
  assert.equal(turns.size, 1)
  assert.deepEqual(sandbox.counts().paths, { 'POST /token': 1 })
})

test('a signal that 10,000 calls share has one listener, and all give up at once', async () => {
  sandbox.arm({ route: 'token', fault: 'gate' })
  const cold = client()
  const abort = new AbortController()
  const { signal } = abort
  let added = 0
  let removed = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args) => (added++, addEventListener.apply(signal, args))
  signal.removeEventListener = (...args) => (removed++, removeEventListener.apply(signal, args))
  const calls = Array.from({ length: 10_000 }, () => cold.token({ signal }).catch(({ code }) => code))
  await sandbox.waitHeld(1)
  abort.abort()
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(['cancelled']))
  assert.deepEqual([added, removed, port.underWay], [1, 1, 0])
  sandbox.release()
  assert.ok(await cold.token())
  assert.equal(logins(), 1)
})

describe('a token', () => {
  test('has value, end, scope, claims and fingerprint', async () => {
    const token = await sandbox.pismo({ tokenUrl: `${sandbox.url}/passport/v2/s2s/access-token?${++run}` }).token()
    const { value, expiresAt, expiresIn, scope, claims, fingerprint } = token
    assert.ok(token instanceof Token)
    assert.equal(value.split('.').length, 3)
    assert.ok(expiresAt instanceof Date && expiresIn > 590_000 && expiresIn <= 600_000)
    assert.equal(scope, null)
    assert.equal(claims.iss, 'Passport')
    assert.match(fingerprint, /^[0-9a-f]{8}$/)
  })

  test('without an end says so', async () => {
    sandbox.configure({ wso2: { life_secs: -1 } })
    const token = await client({ scope: ['read', 'write'] }).token()
    assert.deepEqual([token.expiresAt, token.expiresIn, token.claims, token.scope], [null, null, null, 'read write'])
  })

  test('that outlives the calendar ends with it', async () => {
    sandbox.configure({ wso2: { expires_in: 1e14 } })
    const token = await client().token()
    assert.equal(token.expiresAt.toISOString(), '+275760-09-13T00:00:00.000Z')
    assert.ok(token.expiresIn > 9e16)
  })

  test('has at least the requested remaining lifetime', async () => {
    sandbox.configure({ wso2: { life_secs: 100, second_login: 'new' } })
    const asked = client()
    const first = await asked.token()
    assert.equal((await asked.token({ minTtl: 0 })).value, first.value)
    assert.equal((await asked.token({ minTtl: 50_000 })).value, first.value)
    assert.equal((await asked.token({ minTtl: 1_000_000_000 })).value, first.value)
    assert.equal(logins(), 1)
  })
})

describe('a header', () => {
  test('is there for the API and for URLs below it', async () => {
    const asked = client()
    const { value } = await asked.token()
    assert.equal(await asked.authorization(), `Bearer ${value}`)
    assert.equal(await asked.authorization('/wso2/api/x'), `Bearer ${value}`)
    assert.equal(asked.authorizationSync(new URL('/x', sandbox.url)), `Bearer ${value}`)
    assert.deepEqual(await asked.headersFor('/x'), { authorization: `Bearer ${value}` })
    const bare = client({ authScheme: '' })
    assert.equal(await bare.authorization(), (await bare.token()).value)
  })

  test('is the same string until the token changes', async () => {
    const asked = client()
    await asked.token()
    assert.equal(asked.authorizationSync(), asked.authorizationSync())
    assert.equal(sandbox.counts().total.requests, 1)
  })

  test('that is not there starts a login and is there after it', async () => {
    sandbox.arm({ route: 'token', fault: 'gate' })
    const cold = client()
    assert.equal(cold.authorizationSync(), undefined)
    await sandbox.waitHeld(1)
    sandbox.release()
    const header = await cold.authorization()
    assert.equal(cold.authorizationSync(), header)
    assert.equal(logins(), 1)
  })

  test('of a rejected identity fails at once', async () => {
    const rejected = client({ password: 'wrong' })
    await assert.rejects(rejected.authorization(), { code: 'credentials_rejected' })
    assert.throws(() => rejected.authorizationSync(), { code: 'credentials_rejected' })
    assert.equal(logins(), 1)
  })

  test('is not served after the token was invalidated by another client', async () => {
    sandbox.configure({ wso2: { second_login: 'new' } })
    const tokenUrl = `${sandbox.url}/token?token=${++run}`
    const [one, other] = [client({ tokenUrl }), client({ tokenUrl })]
    const before = await one.authorization()
    assert.equal(one.authorizationSync(), before)
    sandbox.arm({ route: 'token', fault: 'gate' })
    other.invalidate()
    assert.equal(one.authorizationSync(), undefined)
    await sandbox.waitHeld(1)
    sandbox.release()
    assert.notEqual(await one.authorization(), before)
    assert.equal(sandbox.counts().wso2.refresh, 1)
  })

  test('is not served after a 401 that another client met', async () => {
    const tokenUrl = `${sandbox.url}/token?token=${++run}`
    const [one, other] = [client({ tokenUrl }), client({ tokenUrl })]
    const before = await one.authorization()
    sandbox.revoke()
    assert.equal((await other.request('GET', '/wso2/api/x')).status, 200)
    assert.notEqual(one.authorizationSync(), before)
    assert.equal(one.authorizationSync(), await other.authorization())
  })

  test('is not served by a closed client', async () => {
    const closed = client()
    await closed.authorization()
    await closed.close()
    assert.throws(() => closed.authorizationSync(), { code: 'closed' })
    await assert.rejects(closed.authorization(), { code: 'closed' })
  })
})

describe('a caller that gives up', () => {
  test('leaves the login to the others', async () => {
    sandbox.arm({ route: 'token', fault: 'gate' })
    const asked = client()
    const abort = new AbortController()
    const reason = new Error('enough')
    const leaving = asked.token({ signal: abort.signal })
    const staying = [asked.token(), asked.authorization()]
    await sandbox.waitHeld(1)
    abort.abort(reason)
    await assert.rejects(leaving, (error) => {
      assert.ok(error instanceof EvertokenError)
      assert.deepEqual([error.code, error.name, error.cause], ['cancelled', 'AbortError', reason])
      return true
    })
    sandbox.release()
    const [token, header] = await Promise.all(staying)
    assert.equal(header, `Bearer ${token.value}`)
    assert.equal(logins(), 1)
    assert.equal(asked.stats().waiting, 0)
  })

  test('frees its waiter and only that', async () => {
    sandbox.arm({ route: 'token', fault: 'gate' })
    const asked = client()
    const abort = new AbortController()
    const calls = [asked.token({ signal: abort.signal }), asked.token()]
    await sandbox.waitHeld(1)
    while (asked.stats().waiting !== 2) await new Promise(setImmediate)
    abort.abort()
    await assert.rejects(calls[0], { code: 'cancelled' })
    while (asked.stats().waiting !== 1) await new Promise(setImmediate)
    sandbox.release()
    await calls[1]
  })

  test('before it began sends nothing', async () => {
    await assert.rejects(client().token({ signal: AbortSignal.abort() }), { code: 'cancelled' })
    assert.equal(sandbox.counts().total.requests, 0)
  })

  test('leaves no listener on its signal', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args) => (listeners++, addEventListener.apply(signal, args))
    signal.removeEventListener = (...args) => (listeners--, removeEventListener.apply(signal, args))
    await client().token({ signal })
    assert.equal(listeners, 0)
  })

  test('by timeout gets timed_out, and the login goes on', async () => {
    sandbox.arm({ route: 'token', fault: 'gate' })
    const asked = client()
    await assert.rejects(asked.token({ timeout: 20 }), { code: 'timed_out', retryable: true })
    await assert.rejects(asked.authorization('/x', { timeout: 20 }), { code: 'timed_out' })
    sandbox.release()
    await asked.token()
    assert.equal(logins(), 1)
  })
})

describe('a client', () => {
  test('tells state and counters', async () => {
    const asked = client()
    assert.deepEqual(asked.state(), { standing: 'none', expiresIn: null, fingerprint: null, via: null, lastError: null, nextTryIn: null })
    await asked.token()
    const { standing, via, expiresIn } = asked.state()
    assert.deepEqual([standing, via, expiresIn > 0], ['fresh', 'login', true])
    assert.deepEqual(asked.stats(), { tokensServed: 1, flights: 1, failures: 0, logins: 1, refreshes: 0, refused: 0, resends: 0, givenBack: 0, waiting: 0 })
  })

  test('of rejected credentials is locked out until reset', async () => {
    const asked = client({ password: 'wrong' })
    await assert.rejects(asked.token(), { code: 'credentials_rejected' })
    await assert.rejects(asked.token(), { code: 'credentials_rejected', message: /no request was made/ })
    assert.equal(logins(), 1)
    const { standing, lastError, nextTryIn } = asked.state()
    assert.equal(standing, 'locked_out')
    assert.ok(lastError instanceof EvertokenError && nextTryIn > 0)
    asked.reset()
    await assert.rejects(asked.token(), { code: 'credentials_rejected' })
    assert.equal(logins(), 2)
  })

  test('closes twice, revokes on request, and disposes of itself', async () => {
    const revoked = client()
    await revoked.token()
    await revoked.close({ revoke: true })
    await revoked.close()
    assert.ok(sandbox.counts().wso2.revoke > 0)
    const disposed = client()
    await disposed[Symbol.asyncDispose]()
    await assert.rejects(disposed.token(), { code: 'closed', retryable: false })
  })

  test('may be of a class of the program', async () => {
    class Mine extends Client {
      async header() {
        return this.authorization()
      }
    }
    const { client_id: clientId, client_secret: clientSecret } = sandbox.credentials.plain
    const mine = Mine.clientCredentials({ tokenUrl: `${sandbox.url}/plain/token?mine`, clientId, clientSecret })
    assert.match(await mine.header(), /^Bearer /)
  })

  test('is one of six kinds', () => {
    for (const name of ['pismo', 'passkit', 'wso2', 'password', 'clientCredentials', 'jsonLogin']) assert.equal(typeof Client[name], 'function')
  })
})
