// Where libraries in the field go wrong with an answer 401, bodies and redirects, each as a case to do better at, through
// every way of this package to send a request.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Readable } from 'node:stream'

import { API, plain } from './plain.mjs'
import { SENDERS } from './senders.mjs'

const { sandbox, client } = plain()

/** Token requests, API requests, and those of them that were answered 401. */
function counts() {
  const { login, refresh } = sandbox.counts().plain
  const { api, api_401: refused } = sandbox.counts().total
  return [login + refresh, api, refused]
}

for (const [name, open] of Object.entries(SENDERS)) {
  /** undici 6 hands on no context past a redirect interceptor, and so no reason. */
  const reasonOf = (made, answer) => (name === 'undici 6' ? null : (made.authOf(answer)?.reason ?? null))

  describe(name, () => {
    /** A client and a sender whose token the server has just revoked. */
    async function revoked() {
      const made = client()
      await made.token()
      sandbox.revoke({ what: 'access' })
      return [open(made), made]
    }

    test('50 callers of a dead token, half of them told late: one renewal, no failed call', async () => {
      const [send, made] = await revoked()
      sandbox.arm([{ route: 'api', count: 50, fault: 'gate' }])
      const calls = Array.from({ length: 50 }, () => send(API))
      await sandbox.waitHeld(50)
      const renewed = once(made, 'token_installed')
      sandbox.release(25)
      await renewed
      // The renewal is over; these refusals are about the token before it.
      sandbox.release()
      assert.deepEqual(new Set((await Promise.all(calls)).map(({ status }) => status)), new Set([200]))
      assert.deepEqual(counts(), [2, 100, 50])
      assert.equal(made.stats().flights, 2)
    })

    test('an API that always says 401 costs two token requests, however many calls there are', async () => {
      const made = client()
      const send = open(made)
      sandbox.arm({ route: 'api', count: 0, fault: 'unauthorized' })
      const reasons = []
      for (let call = 0; call < 20; call++) {
        const { status, answer } = await send(API)
        assert.equal(status, 401)
        reasons.push(reasonOf(made, answer))
      }
      if (name !== 'undici 6') assert.deepEqual(reasons, ['refused_again', ...Array(19).fill('storm_guard')])
      assert.deepEqual(counts(), [2, 21, 21])
    })

    test('a 401 that means forbidden does not loop', async () => {
      const made = client()
      const send = open(made)
      const fault = { type: 'status', status: 401, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } }
      sandbox.arm({ route: 'api', count: 0, fault })
      for (let call = 0; call < 10; call++) {
        const { status, answer } = await send(API)
        assert.equal(status, 401)
        if (name !== 'undici 6') assert.equal(reasonOf(made, answer), 'insufficient_rights')
      }
      assert.deepEqual(counts(), [1, 10, 10])
    })

    test('a 403 causes no renewal', async () => {
      const send = open(client())
      sandbox.arm({ route: 'api', count: 0, fault: { type: 'status', status: 403 } })
      for (let call = 0; call < 10; call++) assert.equal((await send(API)).status, 403)
      assert.equal(counts()[0], 1)
    })

    test('a 401 before the known expiry replaces the dead token for all', async () => {
      const [send, made] = await revoked()
      const dead = await made.token()
      assert.equal((await send(API)).status, 200)
      assert.notEqual((await made.token()).value, dead.value)
      assert.equal((await send(API)).status, 200)
      assert.deepEqual(counts(), [2, 3, 1])
    })

    test('the body of a resend is whole, never empty', async () => {
      const [send] = await revoked()
      assert.equal((await send(API, { method: 'POST', body: Buffer.alloc(100_000, 'x') })).status, 200)
      const sent = sandbox.journal().filter(({ kind }) => kind === 'api')
      assert.deepEqual(sent.map(({ status, body_length: length }) => [status, length]), [[401, 100_000], [200, 100_000]])
    })

    test('a stream that has been read is not sent again: the 401 comes back and the next call succeeds', async () => {
      const [send, made] = await revoked()
      const { status, answer } = await send(API, { method: 'POST', body: Readable.from([Buffer.from('once')]) })
      assert.equal(status, 401)
      if (name !== 'undici 6') assert.equal(reasonOf(made, answer), 'body_not_replayable')
      assert.equal((await send(API, { method: 'POST', body: Readable.from([Buffer.from('once')]) })).status, 200)
      const sent = sandbox.journal().filter(({ kind }) => kind === 'api')
      assert.deepEqual(sent.map(({ body_length: length }) => length), [4, 4])
      assert.equal(counts()[0], 2)
    })

    test('a caller that gives up while its 401 is being healed fails nobody else', async () => {
      const [send] = await revoked()
      // Both are under way before the first 401 comes.
      sandbox.arm([{ route: 'api', count: 2, fault: { type: 'gate', processed: true } }, { route: 'token', fault: 'gate' }])
      const abort = new AbortController()
      const leaving = send(API, { signal: abort.signal })
      const staying = send(API)
      await sandbox.waitHeld(2)
      sandbox.release()
      await sandbox.wait({ answered: 2, route: 'api' })
      await sandbox.waitHeld(1)
      abort.abort()
      await assert.rejects(leaving)
      sandbox.release()
      assert.equal((await staying).status, 200)
      assert.equal(counts()[0], 2)
    })

    test('no hop to another host gets the token, and none after it', async () => {
      const hop = (route, location) => ({ route, fault: { type: 'redirect', status: 302, location } })
      sandbox.arm([hop('/plain/api/1', '/plain/api/2'), hop('/plain/api/2', `${sandbox.foreignUrl}/plain/api/3`), hop('/plain/api/3', `${sandbox.foreignUrl}/plain/api/4`)])
      assert.equal((await open(client())('/plain/api/1')).status, 401)
      const carried = sandbox.journal().filter(({ kind }) => kind === 'api').map(({ path, headers }) => [path, headers.includes('authorization')])
      assert.deepEqual(carried, [['/plain/api/1', true], ['/plain/api/2', true], ['/plain/api/3', false], ['/plain/api/4', false]])
      assert.equal(counts()[0], 1)
    })
  })
}

describe('no other host gets the token', () => {
  for (const place of ['another port', 'another scheme', 'another host']) {
    test(place, async () => {
      const made = client()
      await made.token()
      const url = { 'another port': sandbox.foreignUrl + API, 'another scheme': sandbox.url.replace('http:', 'https:') + API, 'another host': 'https://elsewhere.example/' }[place]
      for (const call of [() => made.authorization(url), () => made.headersFor(url), () => made.authorize(url), () => made.request('GET', url), () => made.fetch(url)]) {
        await assert.rejects(call, { code: 'origin_refused' })
      }
      const passed = []
      await made.wrapFetch(async (...given) => (passed.push(given), new Response()))(url)
      assert.deepEqual(passed, [[url, undefined]])
      assert.equal(sandbox.counts().total.api, 0)
    })
  }

  test('nor one that is dressed up as the API', async () => {
    const made = client()
    const { host } = new URL(made.baseUrl)
    const passed = []
    const wrapped = made.wrapFetch(async (input, init) => (passed.push([String(input), init?.headers]), new Response()))
    for (const url of [`http://${host}@elsewhere.example/`, `http://${host}.elsewhere.example/`, `http://elsewhere.example\\@${host}/`, `http://elsewhere.example#@${host}/`, `http://elsewhere.example?@${host}/`]) {
      await wrapped(url)
      assert.deepEqual(passed.pop(), [url, undefined])
    }
  })
})
