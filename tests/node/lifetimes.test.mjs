// What keeps a process alive, and what its end does to calls in flight. Every program runs in a process of its own.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { Sandbox } from 'evertoken/testing'

const program = fileURLToPath(new URL('programs/program.mjs', import.meta.url))

let sandbox
before(() => {
  sandbox = Sandbox.start()
})
beforeEach(() => {
  sandbox.reset()
  const token = { json: { access_token: 'token-of-lifetimes', expires_in: 600 } }
  sandbox.script({
    'POST /scripted': { repeat_last: true, answers: [token] },
    'POST /gated': { repeat_last: true, answers: [{ ...token, fault: 'gate' }] },
    'POST /twice': [token, { json: { access_token: 'the-next-token', expires_in: 600 }, fault: 'gate' }],
    'POST /fails': { repeat_last: true, answers: [{ status: 500, fault: 'gate' }] },
    'GET /open': { repeat_last: true, answers: [{ text: 'x'.repeat(20_000) }] },
  })
})
after(() => sandbox.close())

/** A running program; `ended` resolves to how it ended and what it printed. */
function start(name) {
  const child = spawn(process.execPath, [program, name, sandbox.url], { stdio: ['pipe', 'pipe', 'pipe'] })
  let printed = ''
  let complained = ''
  child.stdout.on('data', (text) => (printed += text))
  child.stderr.on('data', (text) => (complained += text))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, printed: printed.trim().split('\n'), complained }))
  return { child, ended }
}

async function ends(name, printed = ['']) {
  const { child, ended } = start(name)
  child.stdin.end()
  assert.deepEqual(await ended, { code: 0, signal: null, printed, complained: '' })
}

test('idle clients keep nothing alive', () => ends('idle'))
test('a login that nobody waits for keeps nothing alive', () => ends('started'))
test('a failed background login is no unhandled rejection', async () => {
  const ended = ends('background')
  await sandbox.waitHeld(1)
  sandbox.release()
  await ended
})
test('a client is there for as long as somebody listens to it', () => {
  const how = ['off', 'removeListener', 'removeAllListeners of it', 'removeAllListeners', 'close']
  const lines = (way, itsEnds) => itsEnds.flatMap((end) => [`${way} true`, `${end} false`])
  const listened = ['on', 'addListener', 'prependListener'].flatMap((way) => lines(way, how))
  const once = ['once', 'prependOnceListener'].flatMap((way) => lines(way, [...how, 'told']))
  return ends('listened', ['nobody listens false', 'closed before false', ...listened, ...once])
})
test('a call that was given up keeps nothing alive', () => ends('abandoned', ['cancelled']))

test('a pending promise keeps the process alive until it settles', async () => {
  const { child, ended } = start('pending')
  await once(child.stdout, 'data')
  await sandbox.waitHeld(1)
  assert.equal(child.exitCode, null)
  sandbox.release()
  assert.deepEqual(await ended, { code: 0, signal: null, printed: ['waiting', 'settled'], complained: '' })
})

test('process.exit with calls in flight is clean', async () => {
  for (let round = 0; round < 5; round++) {
    const { child, ended } = start('exit')
    await once(child.stdout, 'data')
    child.stdin.end('now')
    assert.deepEqual(await ended, { code: 0, signal: null, printed: ['waiting'], complained: '' })
  }
})

test("requests wait in Node's own event loop", { skip: process.platform === 'linux' ? false : 'threads are counted on Linux' }, () =>
  ends('own loop', ['woken for each request false']))

test('a worker ends by itself, also when only workers have loaded the package', () => ends('worker ends', ['worker 0']))
test('worker.terminate with calls in flight is clean', () => ends('worker terminates'))
test('process.exit in a worker with calls in flight is clean', () => ends('worker exits'))
test('process.exit in workers while responses arrive is clean', () => ends('workers exit while answers arrive'))
test('workers and the main thread share one token, and its refusal', () => ends('one token', ['same', 'noticed']))
