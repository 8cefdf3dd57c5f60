// Events: for listeners and for diagnostics channels, without secrets.

import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { EvertokenError } from 'evertoken'

import { API, plain } from './plain.mjs'

const NAMES = ['flight_started', 'token_installed', 'flight_failed', 'refused', 'resent', 'given_back', 'locked_out']

const { sandbox, client } = plain()

function listened(made) {
  const events = []
  for (const name of NAMES) made.on(name, (event) => events.push(event))
  return events
}

test('a renewal after a 401 is told step by step', async () => {
  const made = client()
  const events = listened(made)
  await made.token()
  sandbox.revoke({ what: 'access' })
  await made.request('GET', API)
  assert.deepEqual(
    events.map(({ name }) => name),
    ['flight_started', 'token_installed', 'refused', 'flight_started', 'token_installed', 'resent'],
  )
  const [, installed, refused, , renewed, resent] = events
  assert.equal(installed.identity, made.identity)
  assert.deepEqual([installed.via, renewed.via], ['login', 'refresh'])
  assert.equal(refused.fingerprint, installed.fingerprint)
  assert.equal(resent.fingerprint, renewed.fingerprint)
  assert.ok(Math.abs(installed.expiresIn - 3_600_000) < 10_000)
  assert.ok(events.every(Object.isFrozen))
})

test('a token without an end has expiresIn null', async () => {
  sandbox.configure({ plain: { life_secs: -1 } })
  const made = client()
  const installed = once(made, 'token_installed')
  await made.token()
  assert.equal((await installed)[0].expiresIn, null)
})

test('failures carry their error, a 401 that is given back its reason', async () => {
  const made = client({ password: 'wrong' })
  const events = listened(made)
  await assert.rejects(made.token())
  const failed = events.find(({ name }) => name === 'flight_failed')
  const locked = events.find(({ name }) => name === 'locked_out')
  assert.ok(failed.error instanceof EvertokenError)
  assert.deepEqual([failed.error.code, locked.error.code, locked.pause], ['credentials_rejected', 'credentials_rejected', 60_000])

  const other = client()
  const back = once(other, 'given_back')
  sandbox.arm({ route: 'api', count: 2, fault: 'unauthorized' })
  await other.request('GET', API)
  assert.equal((await back)[0].reason, 'refused_again')
})

test('once hears one, off hears none, a closed client none either', async () => {
  const tokenUrl = `${sandbox.url}/plain/token?client=twins`
  const made = client({ tokenUrl })
  const heard = []
  const listener = ({ name }) => heard.push(name)
  made.once('flight_started', listener)
  made.on('token_installed', listener)
  made.off('token_installed', listener)
  await made.token()
  made.invalidate()
  await made.token()
  assert.deepEqual(heard, ['flight_started'])
  made.on('token_installed', listener)
  await made.close()
  const twin = client({ tokenUrl })
  twin.invalidate()
  await twin.token()
  assert.deepEqual(heard, ['flight_started'])
})

test('clients of one identity hear each other', async () => {
  const tokenUrl = `${sandbox.url}/plain/token?client=two`
  const [one, other] = [client({ tokenUrl }), client({ tokenUrl })]
  const heard = once(other, 'token_installed')
  const { fingerprint } = await one.token()
  assert.equal((await heard)[0].fingerprint, fingerprint)
})

test('diagnostics channels publish the same', async () => {
  const published = []
  const listeners = new Map(NAMES.map((name) => [name, (message, channel) => published.push([channel, message])]))
  for (const [name, listener] of listeners) diagnostics.subscribe(`evertoken:${name}`, listener)
  const made = client()
  const events = listened(made)
  await made.token()
  for (const [name, listener] of listeners) diagnostics.unsubscribe(`evertoken:${name}`, listener)
  assert.deepEqual(
    published,
    events.map((event) => [`evertoken:${event.name}`, event]),
  )
})

test('a listener that throws is a warning and affects nothing else', async () => {
  const made = client()
  const warned = once(process, 'warning')
  const trouble = new Error('listener')
  made.on('flight_started', () => {
    throw trouble
  })
  const installed = once(made, 'token_installed')
  await made.token()
  await installed
  assert.equal((await warned)[0], trouble)
})

test('no event shows a secret', async () => {
  const made = client()
  const events = listened(made)
  const first = await made.token()
  sandbox.revoke()
  await made.request('GET', API)
  const second = await made.token()
  const wrong = client({ password: 'wr0ng-password' })
  events.push(...listened(wrong))
  await wrong.token().catch(() => {})
  const { client_secret: secret, password } = sandbox.credentials.plain
  for (const text of [inspect(events, { depth: 9, showHidden: true }), JSON.stringify(events)]) {
    for (const hidden of [first.value, second.value, secret, password, 'wr0ng-password']) assert.ok(!text.includes(hidden))
  }
})
