// One vector against one sandbox. What the words mean stands in tests/vectors/README.md.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { inspect } from 'node:util'

import { Client, EvertokenError, Token } from 'evertoken'

import * as expect from './expect.mjs'

const PATIENCE_MS = 10_000
const VECTOR_KEYS = ['name', 'about', 'source', 'flow', 'options', 'clients', 'settings', 'script', 'faults', 'secrets', 'build_error', 'steps', 'expect']
const CALL_KEYS = ['callers', 'id', 'save', 'expect']
const STEP_KEYS = {
  token: ['min_ttl', 'timeout', ...CALL_KEYS],
  authorization: ['url', ...CALL_KEYS],
  request: ['method', 'url', 'headers', 'body', 'one_shot', 'timeout', ...CALL_KEYS],
  judge: ['url', 'status', 'headers', 'body', 'replayable', 'expect'],
  control: ['post', 'get', 'delete', 'body', 'expect'],
  until: ['stats'],
  state: ['expect'],
  stats: ['expect'],
  invalidate: [],
  reset: [],
  close: ['revoke', 'expect'],
  join: ['id', 'expect'],
  cancel: ['id'],
}
const DURATIONS = ['timeout', 'connect_timeout', 'default_life', 'soft_window', 'hard_window']
const MAKERS = { client_credentials: 'clientCredentials', json_login: 'jsonLogin' }

const camel = (name) => name.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase())
const millis = (secs) => (typeof secs === 'number' ? secs * 1000 : secs)

/** Which of the two clients of this binding sends the requests of a run. */
export const SENDERS = {
  async request(client, { method, url, headers, body, timeout, signal }) {
    const response = await client.request(method, url, { headers, body, timeout, signal })
    return { status: response.status, headers: response.headers, text: response.text(), auth: client.authOf(response), shown: response }
  },
  async fetch(client, { method, url, headers, body, timeout, signal }) {
    const signals = [signal, ...(timeout === undefined ? [] : [AbortSignal.timeout(timeout)])]
    const response = await client.fetch(url, { method, headers, body, duplex: 'half', signal: AbortSignal.any(signals) })
    return { status: response.status, headers: response.headers, text: await response.text(), auth: client.authOf(response), shown: response }
  },
}

/** A sandbox and what the placeholders stand for. */
export class Place {
  constructor(sandbox, folder) {
    this.sandbox = sandbox
    const { info } = sandbox
    this.values = new Map([
      ['base', info.url],
      ['foreign', info.foreign_url],
      ['https', info.https_url],
    ])
    for (const name of ['ca', 'client_cert', 'client_key']) {
      const path = join(folder, `${name}.pem`)
      writeFileSync(path, info[`${name}_pem`])
      this.values.set(`${name}_file`, path)
    }
    for (const [provider, fields] of Object.entries(info.credentials)) {
      for (const [field, value] of Object.entries(fields)) this.values.set(`cred:${provider}.${field}`, value)
    }
  }

  fill(value, name) {
    if (Array.isArray(value)) return value.map((one) => this.fill(one, name))
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.fill(one, name)]))
    }
    if (typeof value !== 'string') return value
    const of = (placeholder) => {
      if (placeholder === 'case') return name
      assert.ok(this.values.has(placeholder), `unknown placeholder ${placeholder}`)
      return this.values.get(placeholder)
    }
    const whole = /^\{\{([^}]+)\}\}$/.exec(value)
    return whole ? of(whole[1]) : value.replaceAll(/\{\{([^}]+)\}\}/g, (_, placeholder) => of(placeholder))
  }
}

/** One vector under way. */
export class Run {
  clients = new Map()
  pending = new Map()
  saved = new Map()
  shown = []
  events = []

  constructor(place, vector, sender) {
    expect.known('the vector', vector, VECTOR_KEYS)
    this.place = place
    this.sandbox = place.sandbox
    this.vector = vector
    this.send = SENDERS[sender]
    // An identity of this run's own: the other sender's, if it is still alive, must not lend its token.
    this.identity = `${vector.name}.${sender}`
    this.secrets = new Set(this.fill(vector.secrets ?? []))
  }

  fill(value) {
    return this.place.fill(value, this.identity)
  }

  async run() {
    this.sandbox.reset()
    for (const part of ['settings', 'script', 'faults']) {
      if (part in this.vector) this.sandbox.control('POST', `/${part}`, this.vector[part])
    }
    try {
      if ('build_error' in this.vector) return this.refused()
      this.client('a')
      for (const step of this.vector.steps) await this.step(step)
      assert.equal(this.pending.size, 0, 'calls were neither joined nor cancelled')
      await this.finish(this.vector.expect ?? {})
    } finally {
      for (const client of this.clients.values()) await client.close()
    }
  }

  refused() {
    assert.throws(
      () => this.client('a'),
      (error) => {
        assert.ok(error instanceof EvertokenError, inspect(error))
        this.show(error)
        expect.error(error, this.fill(this.vector.build_error))
        return true
      },
    )
    this.checkSecrets()
  }

  client(name) {
    if (!this.clients.has(name)) {
      const own = name === 'a' ? {} : this.vector.clients[name]
      const options = Object.entries({ ...this.fill(this.vector.options), ...this.fill(own) })
      const spelt = options.map(([option, value]) => [camel(option), DURATIONS.includes(option) ? millis(value) : value])
      const client = Client[MAKERS[this.vector.flow] ?? this.vector.flow](Object.fromEntries(spelt))
      this.clients.set(name, client)
      if (name === 'a') for (const event of EVENTS) client.on(event, (told) => this.events.push(told))
    }
    return this.clients.get(name)
  }

  /** Everything that can be printed of something. */
  show(...things) {
    for (const thing of things) {
      this.shown.push(inspect(thing, { depth: 8, showHidden: true }), inspect(thing), String(thing), JSON.stringify(thing) ?? '')
      if (thing instanceof Error) this.shown.push(thing.message, thing.stack)
    }
  }

  async step(step) {
    const { do: kind, client: name = 'a' } = step
    expect.known(`step ${kind}`, step, ['do', 'client', ...STEP_KEYS[kind]])
    if (['token', 'authorization', 'request'].includes(kind)) return this.call(kind, step, this.client(name))
    if (['control', 'join', 'cancel'].includes(kind)) return this[kind](step)
    return this[kind](step, this.client(name))
  }

  async call(kind, step, client) {
    const abort = new AbortController()
    const calls = Array.from({ length: step.callers ?? 1 }, () => settled(this.started(kind, this.fill(step), client, abort.signal)))
    if (step.id === undefined) return this.checked(step, calls, step.expect ?? {})
    this.pending.set(step.id, { step, calls, abort })
  }

  started(kind, step, client, signal) {
    if (kind === 'token') return client.token({ ...chosen({ minTtl: millis(step.min_ttl), timeout: millis(step.timeout) }), signal })
    if (kind === 'authorization') return client.authorization(step.url, { signal })
    const { method = 'GET', url, headers, body, timeout } = step
    return this.send(client, { method, url, headers, body: step.one_shot ? oneShot(body) : body, timeout: millis(timeout), signal })
  }

  async join({ id, expect: wanted = {} }) {
    const { step, calls } = this.pending.get(id)
    this.pending.delete(id)
    await this.checked(step, calls, wanted)
  }

  async cancel({ id }) {
    const { calls, abort } = this.pending.get(id)
    this.pending.delete(id)
    abort.abort()
    for (const { error } of await Promise.all(calls)) {
      this.show(error)
      assert.equal(error?.name, 'AbortError', inspect(error))
    }
  }

  async checked(step, calls, expected) {
    const wanted = this.fill(expected)
    for (const { value, error } of await Promise.all(calls)) {
      if (error !== undefined) {
        this.show(error)
        if (!('error' in wanted)) throw error
        assert.ok(error instanceof EvertokenError, inspect(error))
        expect.error(error, wanted.error)
        continue
      }
      assert.ok(!('error' in wanted), `${step.do} went well although it must not`)
      if (step.do === 'request') this.answer(value, wanted)
      else this.value(step, value, wanted)
    }
  }

  value(step, result, wanted) {
    const names = ['value', 'same_as', 'differs_from']
    let value = result
    if (result instanceof Token) {
      names.push('expires_in', 'scope')
      this.show(result)
      value = result.value
      this.secrets.add(value)
      if ('expires_in' in wanted) expect.within('expires_in', result.expiresIn, wanted.expires_in)
      if ('scope' in wanted) assert.equal(result.scope, wanted.scope)
    }
    expect.known('the expectation', wanted, names)
    if ('value' in wanted) assert.equal(value, wanted.value)
    if ('same_as' in wanted) assert.equal(value, this.saved.get(wanted.same_as))
    if ('differs_from' in wanted) assert.notEqual(value, this.saved.get(wanted.differs_from))
    if (step.save !== undefined) this.saved.set(step.save, value)
  }

  answer({ status, headers, text, auth, shown }, wanted) {
    expect.known('the expectation', wanted, ['status', 'reason', 'body', 'headers'])
    this.show(shown, auth)
    if ('status' in wanted) assert.equal(status, wanted.status)
    if ('reason' in wanted) assert.equal(auth?.reason ?? null, wanted.reason)
    if ('body' in wanted) assert.equal(text, wanted.body)
    for (const [name, value] of Object.entries(wanted.headers ?? {})) assert.equal(headers.get(name), value, name)
  }

  async judge(step, client) {
    const { url, status, headers, body, replayable } = this.fill(step)
    const wanted = step.expect ?? {}
    expect.known('the expectation', wanted, ['verdict', 'reason', 'error'])
    try {
      const authorization = await client.authorize(url)
      this.show(authorization)
      const verdict = await client.judge(authorization, chosen({ status, headers, body, replayable }))
      this.show(verdict)
      assert.ok(!('error' in wanted))
      if ('verdict' in wanted) assert.equal(verdict.action, wanted.verdict)
      if ('reason' in wanted) assert.equal(verdict.reason ?? null, wanted.reason)
    } catch (error) {
      if (!(error instanceof EvertokenError) || !('error' in wanted)) throw error
      this.show(error)
      expect.error(error, wanted.error)
    }
  }

  async control(step) {
    const [method, path] = ['post', 'get', 'delete'].filter((name) => name in step).map((name) => [name, step[name]])[0]
    const bare = path.replace(/^\/_sandbox/, '')
    const { body = {} } = step
    const answer = bare === '/wait' ? await this.sandbox.wait(body) : this.sandbox.control(method.toUpperCase(), path, body)
    expect.known('the expectation', step.expect ?? {}, ['answer'])
    for (const [name, value] of Object.entries(step.expect?.answer ?? {})) assert.deepEqual(answer[name], value, name)
  }

  async until({ stats }, client) {
    const deadline = performance.now() + PATIENCE_MS
    const holds = () => Object.entries(stats).every(([name, value]) => expect.counter(client.stats(), name) === value)
    while (!holds()) {
      assert.ok(performance.now() < deadline, `waiting for ${inspect(stats)}, got ${inspect(client.stats())}`)
      await pause(1)
    }
  }

  state({ expect: wanted }, client) {
    this.show(client.state())
    expect.state(client.state(), wanted)
  }

  stats({ expect: wanted }, client) {
    expect.stats(client.stats(), wanted)
  }

  invalidate(_step, client) {
    client.invalidate()
  }

  reset(_step, client) {
    client.reset()
  }

  async close({ revoke, expect: wanted = {} }, client) {
    const { error } = await settled(client.close(chosen({ revoke })))
    if (error !== undefined) this.show(error)
    if ('error' in wanted) expect.error(error, wanted.error)
    else assert.equal(error, undefined)
  }

  async finish(wanted) {
    expect.known('expect', wanted, ['calls', 'counts', 'events', 'events_any_order', 'state', 'stats'])
    const client = this.client('a')
    if ('state' in wanted) expect.state(client.state(), wanted.state)
    if ('stats' in wanted) expect.stats(client.stats(), wanted.stats)
    const counts = this.sandbox.counts()
    if ('calls' in wanted) assert.deepEqual(counts.paths, wanted.calls)
    const always = { script_exhausted: 0, expect_failed: 0, foreign: 0, ...wanted.counts }
    for (const [path, value] of Object.entries(always)) {
      const found = path.split('.').reduce((place, name) => place[name], counts)
      assert.equal(found, value, `${path}; ${inspect(this.sandbox.journal().flatMap((entry) => entry.mismatches ?? []))}`)
    }
    await this.checkEvents(wanted.events ?? wanted.events_any_order, 'events' in wanted)
    this.show(client.state(), ...this.clients.values(), ...this.events)
    this.checkSecrets()
  }

  async checkEvents(wanted, inOrder) {
    if (wanted === undefined) return
    const deadline = performance.now() + PATIENCE_MS
    while (this.events.length < wanted.length && performance.now() < deadline) await pause(1)
    const found = this.events.map(expect.eventText)
    if (inOrder) assert.deepEqual(found, wanted)
    else assert.deepEqual(found.toSorted(), wanted.toSorted())
  }

  checkSecrets() {
    for (const secret of this.secrets) {
      for (const text of this.shown) assert.ok(!text.includes(secret), `a secret shows in: ${text.replaceAll(secret, '***')}`)
    }
  }
}

const EVENTS = ['flight_started', 'token_installed', 'flight_failed', 'refused', 'resent', 'given_back', 'locked_out']

/** What a promise comes to, without a rejection that nobody looks at yet. */
function settled(promise) {
  return promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  )
}

/** Without what is undefined. */
function chosen(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function oneShot(text) {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from(text))
      controller.close()
    },
  })
}
