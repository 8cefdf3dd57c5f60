// A 401 with a page for people, which ends with its connection: longer than a verdict needs, and all there before the verdict is.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, beforeEach, describe, test } from 'node:test'

import { plain } from './plain.mjs'
import { SENDERS } from './senders.mjs'

const { sandbox, client } = plain()
/** What the server answers its first requests with, and how many have come. */
let answers
let taken
const server = createServer((_request, response) => answers[taken++](response))
before(async () => once(server.listen(0, '127.0.0.1'), 'listening'))
beforeEach(() => {
  taken = 0
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const page = (length) => (response) => response.socket.end(`HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n${'x'.repeat(length)}`)

for (const [name, open] of Object.entries(SENDERS)) {
  const made = () => client({ baseUrl: `http://127.0.0.1:${server.address().port}` })

  describe(name, () => {
    test('sends again with a new token', async () => {
      answers = [page(20_000), (response) => response.end('healed')]
      const answer = await open(made())('/x')
      assert.deepEqual([answer.status, answer.text, taken], [200, 'healed', 2])
      assert.equal(sandbox.counts().total.login + sandbox.counts().total.refresh, 2)
    })

    for (const length of [20_000, 3_000_000]) {
      test(`gives a second one of ${length} bytes back whole`, async () => {
        answers = [page(length), page(length)]
        const answer = await open(made())('/x')
        assert.deepEqual([answer.status, answer.text.length, taken], [401, length, 2])
        assert.equal(sandbox.counts().total.login + sandbox.counts().total.refresh, 2)
      })
    }
  })
}
