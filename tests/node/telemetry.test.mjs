// OpenTelemetry: spans and metrics where a provider is set up, nothing at all where there is none.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'

import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

import { Sandbox } from 'evertoken/testing'

const here = fileURLToPath(new URL('.', import.meta.url))
const API = '/plain/api/x'

let sandbox
let run = 0
const spans = new InMemorySpanExporter()
const points = new InMemoryMetricExporter(AggregationTemporality.DELTA)
let provider
before(() => {
  sandbox = Sandbox.start()
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
  provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 2 ** 30 })] })
  metrics.setGlobalMeterProvider(provider)
})
beforeEach(async () => {
  await told()
  sandbox.reset()
  spans.reset()
})
after(async () => {
  await provider.shutdown()
  await sandbox.close()
})

const client = (options) => sandbox.password({ tokenUrl: `${sandbox.url}/plain/token?telemetry=${++run}`, ...options })

/** What was counted since the last time, as `{ name: [[attributes, value], …] }`. */
async function told(from = provider, to = points) {
  to.reset()
  await from.forceFlush()
  const found = {}
  for (const { scopeMetrics } of to.getMetrics()) {
    for (const { scope, metrics: all } of scopeMetrics) {
      assert.equal(scope.name, 'evertoken')
      for (const { descriptor, dataPoints } of all) found[descriptor.name] = dataPoints.map(({ attributes, value }) => [attributes, value])
    }
  }
  return found
}

test('a login is one root span of kind client, counted once for all callers and clients', async () => {
  const tokenUrl = `${sandbox.url}/plain/token?telemetry=${++run}`
  const clients = [client({ tokenUrl }), client({ tokenUrl }), client({ tokenUrl })]
  const [{ fingerprint, value }] = await Promise.all(clients.flatMap((made) => [made.token(), made.token()]))
  const [span, ...more] = spans.getFinishedSpans()
  assert.equal(more.length, 0)
  const { identity } = clients[0]
  assert.deepEqual([span.name, span.kind, span.parentSpanContext, span.status.code], ['evertoken.token_request', SpanKind.CLIENT, undefined, SpanStatusCode.UNSET])
  assert.deepEqual(span.instrumentationScope.name, 'evertoken')
  const { 'evertoken.expires_in': life, ...attributes } = span.attributes
  assert.deepEqual(attributes, { 'evertoken.identity': identity, 'evertoken.via': 'login', 'evertoken.fingerprint': fingerprint })
  assert.ok(life > 3500 && life <= 3600)
  assert.ok(!JSON.stringify(span.attributes).includes(value))
  const { 'evertoken.token_requests': requests, 'evertoken.token_request.duration': duration, ...others } = await told()
  assert.deepEqual(requests, [[{ 'evertoken.identity': identity, 'evertoken.via': 'login' }, 1]])
  const [[of, { count, sum }]] = duration
  assert.deepEqual([of, count], [{ 'evertoken.identity': identity, 'evertoken.via': 'login' }, 1])
  const seconds = (span.endTime[0] - span.startTime[0]) + (span.endTime[1] - span.startTime[1]) / 1e9
  assert.ok(sum >= 0 && Math.abs(seconds - sum) < 0.001, `${seconds} and ${sum}`)
  assert.deepEqual(others, {})
})

test('a healed 401 is a refusal, a refresh and a resend', async () => {
  const made = client()
  await made.token()
  sandbox.revoke({ what: 'access' })
  await told()
  spans.reset()
  assert.equal((await made.request('GET', API)).status, 200)
  assert.deepEqual(spans.getFinishedSpans().map(({ attributes }) => attributes['evertoken.via']), ['refresh'])
  const common = { 'evertoken.identity': made.identity }
  const { 'evertoken.token_requests': requests, 'evertoken.refusals': refusals, 'evertoken.resends': resends, 'evertoken.given_back': none } = await told()
  assert.deepEqual(requests, [[{ ...common, 'evertoken.via': 'refresh' }, 1]])
  assert.deepEqual([refusals, resends, none], [[[common, 1]], [[common, 1]], undefined])
})

test('a 401 that is given back is counted with its reason', async () => {
  const made = client()
  await made.token()
  sandbox.arm({ route: 'api', count: 2, fault: 'unauthorized' })
  assert.equal((await made.request('GET', API)).status, 401)
  assert.deepEqual((await told())['evertoken.given_back'], [[{ 'evertoken.identity': made.identity, 'evertoken.reason': 'refused_again' }, 1]])
})

test('a rejected login is an error with what the server said, and a lock-out', async () => {
  const made = client({ password: 'wrong-Passw0rd' })
  const error = await made.token().catch((error) => error)
  const [span] = spans.getFinishedSpans()
  assert.deepEqual(span.status, { code: SpanStatusCode.ERROR, message: error.message })
  assert.deepEqual(span.attributes, {
    'evertoken.identity': made.identity,
    'error.type': 'credentials_rejected',
    'http.response.status_code': 400,
    'evertoken.provider_code': 'invalid_grant',
  })
  assert.ok(!JSON.stringify([span.status, span.attributes]).includes('wrong-Passw0rd'))
  const { 'evertoken.token_requests': requests, 'evertoken.lockouts': lockouts } = await told()
  const of = { 'evertoken.identity': made.identity, 'error.type': 'credentials_rejected' }
  assert.deepEqual([requests, lockouts], [[[of, 1]], [[of, 1]]])
})

test('a failure without a response has no status', async () => {
  sandbox.arm({ route: 'token', fault: 'reset' })
  await client({ maxAttempts: 1 }).token().catch(() => {})
  const [{ attributes }] = spans.getFinishedSpans()
  assert.deepEqual([attributes['error.type'], 'http.response.status_code' in attributes, 'evertoken.provider_code' in attributes], ['unreachable', false, false])
})

test('a token without an end has no expires_in', async () => {
  sandbox.configure({ plain: { life_secs: -1 } })
  await client().token()
  assert.ok(!('evertoken.expires_in' in spans.getFinishedSpans()[0].attributes))
})

test('a provider of metrics that takes the place of the first one is told of what follows', async () => {
  await client().token()
  await told()
  const later = new InMemoryMetricExporter(AggregationTemporality.DELTA)
  const second = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: later, exportIntervalMillis: 2 ** 30 })] })
  metrics.disable()
  metrics.setGlobalMeterProvider(second)
  try {
    await client().token()
    assert.equal((await told(second, later))['evertoken.token_requests'].length, 1)
    assert.deepEqual(await told(), {})
  } finally {
    metrics.disable()
    metrics.setGlobalMeterProvider(provider)
    await second.shutdown()
  }
})

test('a token request of another thread is told here, once', async () => {
  const text = `
    const { metrics } = require('@opentelemetry/api')
    metrics.setGlobalMeterProvider(metrics.getMeterProvider())
    const { Client } = require('evertoken')
    const { workerData, parentPort } = require('node:worker_threads')
    Client.password(workerData).token().then(({ fingerprint }) => parentPort.postMessage(fingerprint))`
  const { client_id: clientId, client_secret: clientSecret, username, password } = sandbox.credentials.plain
  const options = { tokenUrl: `${sandbox.url}/plain/token?worker`, baseUrl: sandbox.url, clientId, clientSecret, username, password }
  client()
  const worker = new Worker(text, { eval: true, workerData: options })
  const ended = once(worker, 'exit')
  const [fingerprint] = await once(worker, 'message')
  await ended
  // This thread's events stand in its own queue.
  await client().token()
  assert.equal(spans.getFinishedSpans().filter(({ attributes }) => attributes['evertoken.fingerprint'] === fingerprint).length, 1)
})

describe('without a provider', () => {
  /** Runs a program of its own; what it prints. */
  const ran = (text) => execFileSync(process.execPath, ['--input-type=commonjs', '--eval', text], { cwd: here, encoding: 'utf8' }).trim()
  const program = (begin) => `
    ${begin}
    const { Sandbox } = require('evertoken/testing')
    const sandbox = Sandbox.start()
    sandbox.pismo().token().then(() => sandbox.close())
      .then(() => console.log(Object.keys(require.cache).some((path) => path.includes('opentelemetry'))))`

  test('nothing is loaded', () => assert.equal(ran(program('')), 'false'))
  test('and the API out of reach nothing fails', () => {
    const begin = `globalThis[Symbol.for('opentelemetry.js.api.1')] = { version: '1.9.1' }
    const { _load } = require('node:module')
    require('node:module')._load = (name, ...rest) => {
      if (name.startsWith('@opentelemetry')) throw Object.assign(new Error('no'), { code: 'MODULE_NOT_FOUND' })
      return _load(name, ...rest)
    }`
    assert.equal(ran(program(begin)), 'false')
  })
  test('one that is set up after the first client is told of what follows', () => {
    const text = `
      const { Sandbox } = require('evertoken/testing')
      const sandbox = Sandbox.start()
      const made = sandbox.pismo()
      async function main() {
        await made.token()
        const { trace } = require('@opentelemetry/api')
        const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
        const spans = new InMemorySpanExporter()
        trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
        sandbox.passkit()
        made.invalidate()
        await made.token()
        await sandbox.close()
        console.log(spans.getFinishedSpans().length)
      }
      main()`
    assert.equal(ran(text), '1')
  })
})
