// A server that is told what to do with each request that a test makes.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, beforeEach } from 'node:test'

/**
 * A test file's own server. `answers` are functions of its first requests' responses, to be set by the test; `taken` is how many
 * requests have come.
 */
export function answering() {
  const state = {
    answers: [],
    taken: 0,
    get url() {
      return `http://127.0.0.1:${server.address().port}`
    },
  }
  const server = createServer((_request, response) => state.answers[state.taken++](response))
  before(async () => once(server.listen(0, '127.0.0.1'), 'listening'))
  beforeEach(() => {
    state.taken = 0
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return state
}
