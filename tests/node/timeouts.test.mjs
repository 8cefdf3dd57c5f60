// The limits of one call through client.request: its connection, and a server's silence.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { Client } from 'evertoken'

import { API, plain } from './plain.mjs'

const { sandbox, client } = plain()
const pasted = (port, options) => Client.passkit({ token: 'pasted', baseUrl: `http://127.0.0.1:${port}`, ...options })

describe('connectTimeout', () => {
  test('ends the wait for a connection that does not come about', async () => {
    const { port, close } = await deaf()
    // The client's own limit lies beyond its deadline, so it is not what ends this.
    const made = pasted(port, { connectTimeout: 60_000, timeout: 20_000 })
    await assert.rejects(made.request('GET', '/x', { connectTimeout: 50 }), { code: 'timed_out', message: /^no connection to 127\.0\.0\.1/ })
    await close()
  })

  test('leaves a call alone whose connection comes about', async () => {
    const made = client()
    for (const connectTimeout of [20_000, undefined, 30_000]) assert.equal((await made.request('GET', API, { connectTimeout })).status, 200)
  })
})

describe('readTimeout', () => {
  test('ends the wait for a silent server, and not that for a slow login', async () => {
    sandbox.arm({ route: 'token', fault: 'gate' })
    const slow = client().request('GET', API, { readTimeout: 1_000 })
    await sandbox.waitHeld(1)
    sandbox.arm({ route: 'api', count: 1, fault: 'hang' })
    // The login waits as long as this server is given, and longer.
    const silent = pasted(new URL(sandbox.url).port).request('GET', API, { readTimeout: 1_000 })
    await assert.rejects(silent, { code: 'timed_out', message: /was silent for 1 s/ })
    sandbox.release()
    assert.equal((await slow).status, 200)
  })

  test('watches a body on its way, too', async () => {
    const made = client()
    await made.token()
    sandbox.arm({ route: 'api', count: 0, fault: 'hang' })
    async function* pieces() {
      yield 'body'
    }
    for (const body of ['body', pieces()]) await assert.rejects(made.request('POST', API, { body, readTimeout: 50 }), { code: 'timed_out', message: /was silent/ })
  })

  test('ends a response that breaks off silently', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun'))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const made = pasted(server.address().port)
    const streamed = await made.request('GET', '/x', { stream: true, readTimeout: 50 })
    const pieces = streamed[Symbol.asyncIterator]()
    assert.equal(String((await pieces.next()).value), 'begun')
    await assert.rejects(pieces.next(), { code: 'timed_out', message: /was silent/ })
    await assert.rejects(made.request('GET', '/x', { readTimeout: 50 }), { code: 'timed_out' })
    server.close()
  })

  test('lets a large body through whole', async () => {
    const made = client()
    async function* pieces() {
      for (let index = 0; index < 2; index++) yield Buffer.alloc(500_000)
    }
    for (const body of [Buffer.alloc(1_000_000), pieces()]) {
      assert.equal((await made.request('POST', API, { body, readTimeout: 20_000 })).json().body_length, 1_000_000)
    }
  })
})

test('values that are no limits are refused before anything is sent', async () => {
  const made = client()
  for (const name of ['connectTimeout', 'readTimeout']) {
    for (const value of [0, -1, NaN, Infinity, '50', null, 50n]) {
      const message = new RegExp(`^${name}: must be a number of milliseconds, more than 0`)
      await assert.rejects(made.request('GET', API, { [name]: value }), { code: 'config_invalid', message }, String(value))
    }
  }
  assert.equal(sandbox.counts().total.requests, 0)
})

/** A port on which nobody takes connections any more: its queue is full. */
async function deaf() {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const server = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       Atomics.wait(workerData, 0, 0)
       process.exit()
     })`,
    { eval: true, workerData: gate },
  )
  const [port] = await once(worker, 'message')
  const waiting = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  // Linux takes one more than it was told to; the others are already on their way.
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, 'connect')))
  return {
    port,
    async close() {
      for (const socket of waiting) socket.destroy()
      Atomics.store(gate, 0, 1)
      Atomics.notify(gate, 0)
      await once(worker, 'exit')
    },
  }
}
