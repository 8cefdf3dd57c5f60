// Where libraries in the field go wrong with tokens and their renewal, each as a case to do better at.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, describe, test } from 'node:test'

import { Client } from 'evertoken'
import { Sandbox } from 'evertoken/testing'

let sandbox
let run = 0
let hold
const unhandled = []
before(() => {
  sandbox = Sandbox.start()
  // A renewal in the background keeps no process alive, so the tests that wait for one do.
  hold = setInterval(() => {}, 1000)
  process.on('unhandledRejection', (reason) => unhandled.push(reason))
})
beforeEach(() => sandbox.reset())
after(() => {
  clearInterval(hold)
  return sandbox.close()
})

const API = '/plain/api/x'
const own = () => `lessons=${++run}`
const client = (options) => sandbox.password({ tokenUrl: `${sandbox.url}/plain/token?${own()}`, ...options })

/** How many logins and refreshes the server has seen. */
function tokenRequests(provider = 'plain') {
  const { login, refresh } = sandbox.counts()[provider]
  return [login, refresh]
}

/** Gives up the current token as an API's refusal would, four times. */
async function renewedFourTimes(made) {
  for (let renewal = 0; renewal < 4; renewal++) {
    await made.token()
    made.invalidate()
  }
}

/**
 * A client whose token is in its soft window: more life than is left is asked for, and the server hands the token out
 * again with the 150 s that it has. The answers that follow are those of the early renewal.
 */
async function soft(...then) {
  const granted = { token_type: 'Bearer', access_token: 'access-1' }
  sandbox.script({ 'POST /soft': [{ json: { ...granted, expires_in: 1000 }, delay_ms: 100 }, { json: { ...granted, expires_in: 150 } }, ...then] })
  const made = Client.password({ tokenUrl: `${sandbox.url}/soft?${own()}`, baseUrl: sandbox.url, username: 'u', password: 'p' })
  assert.equal((await made.token()).value, 'access-1')
  assert.equal((await made.token({ minTtl: 999_950 })).value, 'access-1')
  made.reset()
  return made
}

describe('a short token is used as long as it lives', () => {
  for (const seconds of [10, 60, 200, 280]) {
    test(`${seconds} s`, async () => {
      sandbox.configure({ plain: { life_secs: seconds } })
      const made = client()
      const values = new Set()
      for (let call = 0; call < 50; call++) values.add((await made.token()).value)
      assert.equal(values.size, 1)
      assert.deepEqual(tokenRequests(), [1, 0])
    })
  }
})

describe('a renewal that fails while the token is good', () => {
  test('affects nothing else, shows in the state, and comes again when the server said', async () => {
    const made = await soft({ status: 503, headers: { 'retry-after': '600' } })
    const failed = once(made, 'flight_failed')
    assert.equal((await made.token()).value, 'access-1')
    await failed
    for (let call = 0; call < 50; call++) assert.equal((await made.token()).value, 'access-1')
    assert.equal(await made.authorization(), 'Bearer access-1')
    const { standing, lastError, nextTryIn } = made.state()
    assert.deepEqual([standing, lastError.code], ['soft', 'server_unavailable'])
    assert.ok(nextTryIn > 590_000 && nextTryIn <= 600_000)
    assert.equal(sandbox.counts().total.requests, 3)
  })

  test('is no unhandled rejection', async () => {
    const made = await soft({ status: 503 })
    const failed = once(made, 'flight_failed')
    made.authorizationSync()
    await failed
    await new Promise(setImmediate)
    assert.deepEqual(unhandled, [])
  })

  const odd = { 'HTML with status 200': { text: '<html>' }, 'invalid_grant': { status: 400, json: { error: 'invalid_grant' } }, 'a reset': { fault: 'reset' } }
  for (const [name, answer] of Object.entries(odd)) {
    test(`by an odd answer (${name}) does not disable the client`, async () => {
      const made = await soft(answer, { json: { access_token: 'access-2', expires_in: 1000 } })
      const failed = once(made, 'flight_failed')
      await made.token()
      await failed
      assert.equal((await made.token()).value, 'access-1')
      // As if the pause were over. The event is told a moment before the flight has landed; until then none begins.
      made.reset()
      let isRenewed = false
      made.once('token_installed', () => (isRenewed = true))
      while (!isRenewed) {
        await made.token()
        await new Promise(setImmediate)
      }
      assert.equal((await made.token()).value, 'access-2')
      assert.equal(made.state().standing, 'fresh')
    })
  }
})

test('a token past its expiry is never handed out', async () => {
  sandbox.script({ 'POST /expired': { repeat_last: true, answers: [{ json: { access_token: 'expired', expires_in: 0 } }] } })
  const made = client({ tokenUrl: `${sandbox.url}/expired?${own()}` })
  for (const call of [() => made.token(), () => made.authorization(), () => made.request('GET', API), () => made.fetch(API)]) await assert.rejects(call, { code: 'same_token' })
  assert.equal(sandbox.counts().total.api, 0)
})

describe('a token request that is redirected takes no secret elsewhere', () => {
  for (const route of ['login', 'refresh']) {
    test(route, async () => {
      const made = client({ maxAttempts: 1 })
      if (route === 'refresh') {
        await made.token()
        made.invalidate()
      }
      sandbox.arm({ route: 'token', count: 0, fault: { type: 'redirect', status: 307 } })
      await assert.rejects(made.token(), { code: 'bad_response' })
      assert.equal(sandbox.counts().plain[route], 1)
      assert.equal(sandbox.counts().foreign, 0)
    })
  }
})

describe('the refresh token', () => {
  test('is kept where the response names none', async () => {
    sandbox.configure({ plain: { omit_refresh: true } })
    await renewedFourTimes(client())
    assert.deepEqual(tokenRequests(), [1, 3])
  })

  test('is replaced where the server rotates it', async () => {
    sandbox.configure({ plain: { rotation: true, reuse_kills_grant: true } })
    await renewedFourTimes(client())
    assert.deepEqual(tokenRequests(), [1, 3])
  })

  test('that died is followed by the password', async () => {
    const made = client()
    await made.token()
    sandbox.revoke({ provider: 'plain' })
    assert.equal((await made.fetch(API)).status, 200)
    assert.deepEqual(tokenRequests(), [2, 1])
  })

  test('that another process has rotated costs one login', async () => {
    const made = sandbox.wso2({ tokenUrl: `${sandbox.url}/token?${own()}` })
    await made.token()
    assert.equal(sandbox.rotate({ provider: 'wso2' }).grants, 1)
    assert.equal((await made.fetch('/wso2/api/x')).status, 200)
    assert.deepEqual(tokenRequests('wso2'), [2, 1])
  })

  test('that is dead is tried once, not at every call', async () => {
    const made = client()
    await made.token()
    sandbox.revoke({ provider: 'plain' })
    sandbox.arm({ route: 'login', count: 0, fault: { type: 'status', status: 400, json: { error: 'invalid_grant' } } })
    made.invalidate()
    for (let call = 0; call < 50; call++) await assert.rejects(made.token(), { code: 'credentials_rejected' })
    assert.deepEqual(tokenRequests(), [2, 1])
  })
})

/** WSO2's token route, asked without this package. */
async function somebodyElseLogsIn() {
  const { consumer_key: key, consumer_secret: secret, username, password } = sandbox.credentials.wso2
  const headers = { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` }
  const body = new URLSearchParams({ grant_type: 'password', username, password })
  assert.equal((await fetch(`${sandbox.url}/token`, { method: 'POST', headers, body })).status, 200)
}

describe('WSO2', () => {
  const wso2 = () => sandbox.wso2({ tokenUrl: `${sandbox.url}/token?${own()}` })

  test('hands out the token that it has: its lifetime is what remains', async () => {
    await somebodyElseLogsIn()
    sandbox.advance(3_500_000)
    assert.ok((await wso2().token()).expiresIn <= 100_000)
  })

  test("and a login elsewhere that kills this process' token is healed once", async () => {
    sandbox.configure({ wso2: { token: 'jwt' } })
    const made = wso2()
    await made.token()
    await somebodyElseLogsIn()
    assert.equal((await made.fetch('/wso2/api/x')).status, 200)
    assert.equal(sandbox.counts().wso2.api_401, 1)
  })
})

describe('a wrong password does not lock the account', () => {
  const ways = {
    // A wrong password is 400 here and 401 there.
    wso2: [(options) => sandbox.wso2(options), 'token', '/wso2/api/x'],
    plain: [(options) => sandbox.password(options), 'plain/token', API],
    passkit: [(options) => sandbox.passkit(options), 'login', '/passkit/api/x'],
  }
  for (const [provider, [make, route, path]] of Object.entries(ways)) {
    test(provider, async () => {
      const options = { tokenUrl: `${sandbox.url}/${route}?${own()}`, password: 'wrong' }
      const made = make(options)
      for (let call = 0; call < 40; call++) {
        await assert.rejects(made.token(), { code: 'credentials_rejected', retryable: false })
        await assert.rejects(made.fetch(path), { code: 'credentials_rejected' })
      }
      await assert.rejects(make(options).token(), { code: 'credentials_rejected' })
      assert.deepEqual(tokenRequests(provider), [1, 0])
    })
  }
})

test('a server that asks for fewer requests gets none until then', async () => {
  sandbox.arm({ route: 'token', count: 0, fault: { type: 'rate_limited', retry_after: 600 } })
  const made = client()
  for (let call = 0; call < 50; call++) await assert.rejects(made.token({ timeout: 5_000 }), { code: 'rate_limited' })
  assert.deepEqual(tokenRequests(), [1, 0])
})

describe('a wrong clock does no harm', () => {
  for (const seconds of [-86_400, -700, 700, 86_400]) {
    test(`the server's and ours ${seconds} s apart`, async () => {
      sandbox.advance(seconds * 1000)
      const made = sandbox.pismo({ tokenUrl: `${sandbox.url}/passport/v2/s2s/access-token?${own()}` })
      const { expiresIn } = await made.token()
      assert.ok(expiresIn > 590_000 && expiresIn <= 600_000)
      for (let call = 0; call < 5; call++) assert.equal((await made.fetch('/pismo/api/x')).status, 200)
      assert.deepEqual(tokenRequests('pismo'), [1, 0])
    })
  }

  test('nor a sleep that no clock has counted', async () => {
    const made = sandbox.pismo({ tokenUrl: `${sandbox.url}/passport/v2/s2s/access-token?${own()}` })
    await made.token()
    sandbox.advance(3_600_000)
    assert.equal((await made.fetch('/pismo/api/x')).status, 200)
    assert.deepEqual(tokenRequests('pismo'), [2, 0])
  })
})

test('a login that takes its time stops no other work', async () => {
  sandbox.arm({ route: 'token', fault: 'gate' })
  const made = client()
  let isDone = false
  const calls = [made.token(), made.authorization(), made.fetch(API)].map((call) => call.finally(() => (isDone = true)))
  await sandbox.waitHeld(1)
  for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate)
  assert.equal(isDone, false)
  sandbox.release()
  await Promise.all(calls)
})

test('whoever asks is told of a new token', async () => {
  const made = client()
  const told = []
  made.on('token_installed', ({ via, fingerprint }) => told.push([via, fingerprint]))
  const first = await made.token()
  made.invalidate()
  const second = await made.token()
  assert.deepEqual(told, [['login', first.fingerprint], ['refresh', second.fingerprint]])
})

test('no renewal of all these was an unhandled rejection', async () => {
  await new Promise(setImmediate)
  assert.deepEqual(unhandled, [])
})
