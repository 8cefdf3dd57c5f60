// How much of a 401 the interceptor takes while its verdict is awaited, by handlers that are called as undici calls them.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { plain } from './plain.mjs'

const { client } = plain()
const MIB = 1024 * 1024
const PIECE = Buffer.alloc(MIB / 16, 'x')
/** More than is taken, or the loop would not end. */
const MOST_PIECES = 64
const FORBIDDEN = { 'www-authenticate': 'Bearer error="insufficient_scope"' }

/** A request through the interceptor of a client that has its token, over a connection that `feed` plays. */
async function dispatched(handler, feed) {
  const made = client()
  await made.token()
  made.undiciInterceptor()(feed)({ origin: made.baseUrl, path: '/x', method: 'GET' }, handler)
}

test('undici 7: a 401 of more than 1 MiB waits on the wire, and goes on when it is given back', async () => {
  const taken = []
  let pieces = 0
  await new Promise((resolve, reject) => {
    const handler = {
      onResponseStart: (_controller, status) => taken.push(status),
      onResponseData: (_controller, piece) => taken.push(piece.length),
      onResponseEnd: resolve,
      onResponseError: (_controller, error) => reject(error),
    }
    dispatched(handler, (_options, attempt) => {
      const controller = {
        paused: false,
        pause: () => (controller.paused = true),
        resume: () => {
          assert.equal(controller.paused, true)
          attempt.onResponseEnd(controller, {})
        },
        abort: reject,
      }
      attempt.onRequestStart(controller, {})
      attempt.onResponseStart(controller, 401, FORBIDDEN, 'Unauthorized')
      for (; !controller.paused && pieces < MOST_PIECES; pieces++) attempt.onResponseData(controller, PIECE)
      return true
    }).catch(reject)
  })
  assert.deepEqual([pieces, taken], [16, [401, ...Array(16).fill(PIECE.length)]])
})

test('undici 6: the same', async () => {
  const taken = []
  let pieces = 0
  await new Promise((resolve, reject) => {
    const handler = {
      onConnect() {},
      onHeaders: (status) => taken.push(status) > 0,
      onData: (piece) => taken.push(piece.length) > 0,
      onComplete: resolve,
      onError: reject,
    }
    dispatched(handler, (_options, attempt) => {
      attempt.onConnect(reject, {})
      const headers = Object.entries(FORBIDDEN).flat().map((text) => Buffer.from(text))
      attempt.onHeaders(401, headers, () => attempt.onComplete([]), 'Unauthorized')
      while (pieces++ < MOST_PIECES && attempt.onData(PIECE)) {
        // Until the connection is to wait.
      }
      return true
    }).catch(reject)
  })
  assert.deepEqual([pieces, taken], [16, [401, ...Array(16).fill(PIECE.length)]])
})
