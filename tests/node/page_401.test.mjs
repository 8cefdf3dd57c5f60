// A 401 with a page for people, which ends with its connection: longer than a verdict needs, and all there before the verdict is.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { answering } from './answering.mjs'
import { plain } from './plain.mjs'
import { SENDERS } from './senders.mjs'

const { sandbox, client } = plain()
const server = answering()

const page = (length) => (response) => response.socket.end(`HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n${'x'.repeat(length)}`)

for (const [name, open] of Object.entries(SENDERS)) {
  const made = () => client({ baseUrl: server.url })

  describe(name, () => {
    test('sends again with a new token', async () => {
      server.answers = [page(20_000), (response) => response.end('healed')]
      const answer = await open(made())('/x')
      assert.deepEqual([answer.status, answer.text, server.taken], [200, 'healed', 2])
      assert.equal(sandbox.counts().total.login + sandbox.counts().total.refresh, 2)
    })

    for (const length of [20_000, 3_000_000]) {
      test(`gives a second one of ${length} bytes back whole`, async () => {
        server.answers = [page(length), page(length)]
        const answer = await open(made())('/x')
        assert.deepEqual([answer.status, answer.text.length, server.taken], [401, length, 2])
        assert.equal(sandbox.counts().total.login + sandbox.counts().total.refresh, 2)
      })
    }
  })
}
