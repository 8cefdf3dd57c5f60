// What each way of this package to send a request tells the core of an answer: its body, and that a token was taken.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { API, plain } from './plain.mjs'
import { SENDERS } from './senders.mjs'

const { sandbox, client } = plain()

function renewals() {
  const { login, refresh } = sandbox.counts().plain
  return login + refresh
}

for (const [name, open] of Object.entries(SENDERS)) {
  describe(name, () => {
    test('a 401 whose body is about rights is given back at once', async () => {
      sandbox.script({ 'GET /x': [{ status: 401, json: { fault: { code: 900908, message: 'Resource forbidden' } } }] })
      const { status, text } = await open(client())('/x')
      assert.deepEqual([status, JSON.parse(text).fault.code, renewals()], [401, 900908, 1])
    })

    // An answer that is no 401 takes a token's trouble away, the first as well as that to a request sent again.
    test('a page that always says 401 does not keep others from healing', async () => {
      sandbox.script({ 'GET /a': [{ status: 401, times: 2 }], 'GET /b': [{ status: 401, times: 2 }] })
      const send = open(client())
      const statuses = []
      const get = async (path) => statuses.push((await send(path)).status)
      await get(API)
      await get('/a')
      await get(API)
      sandbox.revoke({ what: 'access' })
      await get(API)
      assert.deepEqual([statuses, renewals()], [[200, 401, 200, 200], 3])
      await get('/b')
      assert.deepEqual([statuses.at(-1), renewals()], [401, 4])
    })
  })
}
