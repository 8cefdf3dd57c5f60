// A server that begins the body of a 401 and does not go on: the verdict does not wait for it.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import { answering } from './answering.mjs'
import { plain } from './plain.mjs'
import { SENDERS } from './senders.mjs'

const require = createRequire(import.meta.url)
const { PATIENCE } = require('../../bindings-node/lib/peeked_response.cjs')

const { sandbox, client } = plain()
const server = answering()

function begun(response) {
  response.writeHead(401, { 'content-length': 12 })
  response.write('begun')
}

/** Ends the patience with each 401 as soon as it begins, and leaves all other timers alone. */
function withoutPatience(t) {
  const { setTimeout } = globalThis
  const due = []
  t.mock.method(globalThis, 'setTimeout', (run, delay, ...rest) => {
    if (delay !== PATIENCE) return setTimeout(run, delay, ...rest)
    due.push(run)
    return {}
  })
  return async () => {
    while (due.length === 0) await turn()
    due.shift()()
  }
}

for (const name of ['fetch', 'wrapFetch', 'undici 7', 'undici 6']) {
  const open = SENDERS[name]
  const made = () => client({ baseUrl: server.url })

  describe(name, () => {
    test('sends again with a new token', async (t) => {
      server.answers = [begun, (response) => response.end('healed')]
      const send = open(made())
      const expire = withoutPatience(t)
      const answer = send('/x')
      await expire()
      assert.deepEqual([(await answer).status, (await answer).text], [200, 'healed'])
      assert.equal(server.taken, 2)
      assert.equal(sandbox.counts().total.login + sandbox.counts().total.refresh, 2)
    })

    test('gives a second one back, and the rest of its body when it comes', async (t) => {
      let rest
      server.answers = [
        begun,
        (response) => {
          begun(response)
          rest = () => response.end(', ended')
        },
      ]
      const send = open(made())
      const expire = withoutPatience(t)
      const answer = send('/x')
      await expire()
      await expire()
      rest()
      assert.deepEqual([(await answer).status, (await answer).text], [401, 'begun, ended'])
      assert.equal(server.taken, 2)
    })
  })
}
