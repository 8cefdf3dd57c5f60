// A test of code that uses tokens, with the providers inside the test's own process. Runs as it is under node:test;
// vitest and jest need their own `test` only.

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'

import { Sandbox } from 'evertoken/testing'

let sandbox
before(() => {
  sandbox = Sandbox.start({ pismo: { life_secs: 600 } })
})
beforeEach(() => sandbox.reset())
after(() => sandbox.close())

/** The code under test. */
async function balance(client, account) {
  const response = await client.request('GET', `/pismo/api/accounts/${account}`)
  return response.status
}

test('an expired token is replaced in passing', async () => {
  const client = sandbox.pismo()
  assert.equal(await balance(client, 1), 200)
  sandbox.advance(600_000)
  assert.equal(await balance(client, 1), 200)
  assert.equal(sandbox.counts().pismo.login, 2)
})

test('a thousand callers make one login', async () => {
  const client = sandbox.pismo({ accountId: 2 })
  sandbox.arm({ route: 'login', fault: 'gate' })
  const calls = Array.from({ length: 1000 }, () => client.token())
  await sandbox.waitHeld(1)
  sandbox.release()
  await Promise.all(calls)
  assert.equal(sandbox.counts().pismo.login, 1)
})

test('a provider in trouble is an error with a code', async () => {
  const client = sandbox.pismo({ accountId: 3, maxAttempts: 1 })
  sandbox.arm({ route: 'login', fault: { type: 'status', status: 503 } })
  await assert.rejects(client.token(), { code: 'server_unavailable', httpStatus: 503, retryable: true })
})
