// The header that JavaScript keeps, under clocks that a test holds.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { beforeEach, test } from 'node:test'

const require = createRequire(import.meta.url)
const native = require('../../bindings-node/lib/native.cjs')

// In place before the authorizer takes its own.
const clock = { now: 1_000_000, timers: [] }
Date.now = () => clock.now
globalThis.setTimeout = (fire, wait) => {
  const timer = { fire, wait, unref: () => ((timer.isUnref = true), timer) }
  clock.timers.push(timer)
  return timer
}
globalThis.clearTimeout = (timer) => {
  clock.timers = clock.timers.filter((other) => other !== timer)
}
const { Authorizer } = require('../../bindings-node/lib/authorizer.cjs')

let looks
let next
beforeEach(() => {
  looks = 0
  clock.timers = []
  next = { value: 'Bearer one', freshFor: 60_000, generation: 1, authorization: {} }
})

const authorizer = () =>
  new Authorizer({
    headerNow() {
      looks += 1
      return next
    },
  })

test('a fresh header costs no look', () => {
  const kept = authorizer()
  for (let index = 0; index < 1000; index++) assert.equal(kept.fresh().header, 'Bearer one')
  assert.equal(looks, 1)
})

test('the wall clock ends it at its soft time', () => {
  const kept = authorizer()
  kept.fresh()
  clock.now += 59_999
  kept.fresh()
  assert.equal(looks, 1)
  clock.now += 1
  kept.fresh()
  assert.equal(looks, 2)
})

test('a timer ends it where the wall clock was set back', () => {
  const kept = authorizer()
  kept.fresh()
  clock.now -= 3_600_000
  const [timer] = clock.timers
  assert.deepEqual([timer.wait, timer.isUnref], [60_000, true])
  timer.fire()
  kept.fresh()
  assert.equal(looks, 2)
})

test('a refusal anywhere in the process ends it', () => {
  const kept = authorizer()
  kept.fresh()
  native.touchRefusals()
  kept.fresh()
  assert.equal(looks, 2)
})

test('a soft token is looked at each time', () => {
  next = { ...next, freshFor: 0 }
  const kept = authorizer()
  kept.fresh()
  kept.fresh()
  assert.deepEqual([looks, clock.timers.length], [2, 0])
})

test('one that lives until refused needs no timer', () => {
  next = { ...next, freshFor: Infinity }
  const kept = authorizer()
  kept.fresh()
  clock.now += 1e12
  kept.fresh()
  assert.deepEqual([looks, clock.timers.length], [1, 0])
})

test('a life beyond the longest timer does not end at once', () => {
  next = { ...next, freshFor: 1e11 }
  authorizer().fresh()
  assert.equal(clock.timers[0].wait, 2 ** 31 - 1)
})

test('a new header takes the place of the old one and its timer', () => {
  const kept = authorizer()
  kept.fresh()
  native.touchRefusals()
  next = { ...next, value: 'Bearer two', generation: 2 }
  assert.equal(kept.fresh().header, 'Bearer two')
  assert.equal(clock.timers.length, 1)
})

test('where a login is needed there is none', () => {
  next = null
  assert.equal(authorizer().fresh(), undefined)
})

test('a URL is taken as it stands only where a parser would leave it so', () => {
  const { plainUrl } = Authorizer.prototype
  const below = plainUrl.bind(new Authorizer({ baseUrl: 'https://api.example/v1/' }))
  assert.equal(below('/accounts/1?page=2'), 'https://api.example/v1/accounts/1?page=2')
  assert.equal(below('https://other.example:8443/a.b?c/../d'), undefined)
  assert.equal(below('https://other.example:8443/a.b?c'), 'https://other.example:8443/a.b?c')
  const parsed = ['/a/../b', '/a/./b', '/.', '/a/%2e%2e/b', '/a/%2E/b', '//evil.example/x', '/a b', '/a\\b', '/a#b', '/a"b', 'a', '']
  const absolute = ['https://api.example', 'https://user@api.example/', 'https://api.example/a/../b', 'https://api.example/%2e', 'ftp://api.example/']
  for (const text of [...parsed, ...absolute]) assert.equal(below(text), undefined, text)
})

test('the text of a URL is allowed by its whole origin, however often that was looked up', () => {
  const asked = []
  const refusal = (href) => {
    asked.push(new URL(href).origin)
    return href.startsWith('https://api.example/') ? null : { code: 'origin_refused', message: 'not pinned' }
  }
  const kept = new Authorizer({ refusal })
  const allowed = ['https://api.example/', 'https://api.example/v1?a=//b', 'https://api.example', 'https://API.example:443/v1']
  const refused = ['//api.example/', '//evil.example/', 'https://api.example.evil.example/', 'https://api.example:444/', 'https://api.example@evil.example/', 'http://api.example/', '']
  for (let round = 0; round < 3; round++) {
    for (const text of refused) assert.equal(kept.allowsText(text), false, text)
    for (const text of allowed) assert.equal(kept.allowsText(text), true, text)
  }
  assert.deepEqual(new Set(asked).size, asked.length, 'each origin is asked for once')
})
