/** Servers that nobody here wrote, from Node.js: this folder's node-oauth, and Authlib next door. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'

import { Client, EvertokenError } from 'evertoken'

const HERE = import.meta.dirname ?? new URL('.', import.meta.url).pathname
const PYTHON = process.env.EVERTOKEN_TEST_PYTHON ?? join(HERE, '../../../.venv/bin/python')
const SERVERS = {
  'node-oauth': { command: [process.execPath, join(HERE, 'node_oauth.mjs')], basic: 'raw' },
  authlib: { command: [PYTHON, join(HERE, '../authlib_server.py')], basic: 'percent' },
}

/** Runs `use` with a server of its own and a client for it; `options` change the client's. */
async function withServer(name, { lifeSecs = 3600, options = {} }, use) {
  const { command, basic } = SERVERS[name]
  const child = spawn(command[0], [...command.slice(1), '--life', String(lifeSecs)], { stdio: ['pipe', 'pipe', 'ignore'] })
  const [line] = await once(createInterface(child.stdout), 'line')
  const server = JSON.parse(line)
  const client = Client.password({
    baseUrl: server.url,
    tokenUrl: server.token_url,
    revokeUrl: server.revoke_url,
    clientId: server.client_id,
    clientSecret: server.client_secret,
    username: server.username,
    password: server.password,
    basic,
    ...options,
  })
  const control = async (path, init) => (await fetch(`${server.url}/_control/${path}`, init)).json()
  try {
    await use({ client, counts: () => control('counts'), revokeAll: () => control('revoke-all', { method: 'POST' }) })
  } finally {
    await client.close()
    child.stdin.end()
    await once(child, 'exit')
  }
}

/** How many of `callers` concurrent requests got 200. */
async function succeeded(client, callers) {
  const call = async (number) => {
    const response = await client.fetch(`/api/${number}`, { method: 'POST', body: 'every byte of it' })
    const { length } = await response.json()
    return response.status === 200 && length === 16
  }
  const each = await Promise.all(Array.from({ length: callers }, (_, number) => call(number)))
  return each.filter(Boolean).length
}

for (const name of Object.keys(SERVERS)) {
  describe(name, () => {
    test('twenty cold callers log in once, and a refresh token rotates with every renewal', () =>
      withServer(name, {}, async ({ client, counts }) => {
        assert.equal(await succeeded(client, 20), 20)
        for (let renewal = 0; renewal < 3; renewal += 1) {
          client.invalidate()
          assert.equal(await succeeded(client, 1), 1)
        }
        assert.deepEqual(await counts(), { login: 1, refresh: 3, revoke: 0, api: 23, api_401: 0 })
      }))

    test('two expiries pass unnoticed', () =>
      withServer(name, { lifeSecs: 2 }, async ({ client, counts }) => {
        while (client.stats().refreshes < 2) assert.equal(await succeeded(client, 1), 1)
        const { login, refresh } = await counts()
        assert.deepEqual({ login, refresh }, { login: 1, refresh: 2 })
      }))

    test('revoked access and refresh tokens are healed by one login', () =>
      withServer(name, {}, async ({ client, counts, revokeAll }) => {
        await client.token()
        await revokeAll()
        assert.equal(await succeeded(client, 20), 20)
        const { login, refresh } = await counts()
        assert.deepEqual({ login, refresh }, { login: 2, refresh: 1 })
      }))

    test('a wrong password is one request and then a pause', () =>
      withServer(name, { options: { password: 'wrong: +%41&=' } }, async ({ client, counts }) => {
        const rejected = (error) => error instanceof EvertokenError && error.code === 'credentials_rejected' && !error.message.includes('wrong: ')
        for (let call = 0; call < 5; call += 1) await assert.rejects(client.fetch('/api/x'), rejected)
        assert.equal((await counts()).login, 1)
      }))

    for (const basic of ['form', 'percent', 'raw', 'body']) {
      test(`a wrong client secret is refused, sent as ${basic}`, () =>
        withServer(name, { options: { clientSecret: 'wrong +%41/&=', basic } }, async ({ client, counts }) => {
          await assert.rejects(client.token(), { code: 'credentials_rejected', providerCode: 'invalid_client' })
          assert.equal((await counts()).login, 1)
        }))
    }
  })
}
