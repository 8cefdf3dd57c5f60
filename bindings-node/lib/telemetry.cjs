'use strict'

// Spans and metrics for programs that have set up OpenTelemetry. Its API package is loaded only once a provider is registered.
//
// A span is one token request. It has no parent, because any number of callers may wait for it. One listener hears the events of
// all identities in the process, so that a token request which several clients share is counted once.

const { createRequire } = require('node:module')
const { join } = require('node:path')

const { version } = require('../package.json')
const { hook, port, unhook } = require('./port.cjs')

const API = '@opentelemetry/api'
/** The global in which all copies of the API's major version 1 keep their providers. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')
/** In seconds, as the semantic conventions advise for HTTP requests. The API's default suits milliseconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

let api
/** A strong reference, because hooks are weak. */
let listener
let instruments
/** The token request in progress of each identity, and when it began. Those of one identity do not overlap. */
const underWay = new Map()

/** Begins to listen once a provider is registered. Called for every client and every event, so it must be cheap. */
function watch() {
  if (listener !== undefined || globalThis[REGISTERED] === undefined) return
  const found = loaded()
  const receive = found === undefined ? () => {} : safely
  const id = hook(receive)
  // Another thread listens already, and hears the same events.
  if (found !== undefined && !port.watch(id)) {
    unhook(id)
    return
  }
  api = found
  listener = receive
}

/** The API package, as it is found from this package, the program, or the current folder. */
function loaded() {
  for (const from of [__filename, process.argv[1], join(process.cwd(), 'program')]) {
    try {
      return createRequire(from)(API)
    } catch {
      // Not found here.
    }
  }
  return undefined
}

/** An error in OpenTelemetry affects nothing else, and is reported. */
function safely(event) {
  try {
    heard(event)
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}

function heard({ name, identity, via, fingerprint, expiresIn, error, reason, key, uptime, time }) {
  const common = { 'evertoken.identity': identity }
  const { requests, duration, refusals, resends, givenBack, lockouts } = current()
  switch (name) {
    case 'flight_started':
      underWay.set(key, { span: started(common, time), time, uptime })
      break
    case 'token_installed':
    case 'flight_failed': {
      const request = underWay.get(key)
      // It began before this module listened, or the token was given, not requested.
      if (request === undefined) return
      underWay.delete(key)
      const how = error === undefined ? { ...common, 'evertoken.via': via } : { ...common, 'error.type': error.code }
      const millis = uptime - request.uptime
      requests.add(1, how)
      duration.record(millis / 1000, how)
      request.span.setAttributes(how)
      if (error === undefined) request.span.setAttribute('evertoken.fingerprint', fingerprint)
      else explain(request.span, error)
      if (expiresIn !== undefined) request.span.setAttribute('evertoken.expires_in', expiresIn / 1000)
      request.span.end(request.time + millis)
      break
    }
    case 'refused':
      refusals.add(1, common)
      break
    case 'resent':
      resends.add(1, common)
      break
    case 'given_back':
      givenBack.add(1, { ...common, 'evertoken.reason': reason })
      break
    case 'locked_out':
      lockouts.add(1, { ...common, 'error.type': error.code })
      break
  }
}

function started(attributes, startTime) {
  const { SpanKind, trace } = api
  return trace.getTracer('evertoken', version).startSpan('evertoken.token_request', { kind: SpanKind.CLIENT, root: true, attributes, startTime })
}

function explain(span, { message, httpStatus, providerCode }) {
  span.setStatus({ code: api.SpanStatusCode.ERROR, message })
  if (httpStatus !== null) span.setAttribute('http.response.status_code', httpStatus)
  if (providerCode !== null) span.setAttribute('evertoken.provider_code', providerCode)
}

/** The instruments of the provider that is set now: unlike a tracer, a meter does not follow one that is set later. */
function current() {
  const provider = api.metrics.getMeterProvider()
  if (instruments?.provider === provider) return instruments
  const meter = provider.getMeter('evertoken', version)
  const counter = (name, unit, description) => meter.createCounter(`evertoken.${name}`, { unit, description })
  instruments = {
    provider,
    requests: counter('token_requests', '{request}', 'Token requests: logins and refreshes'),
    duration: meter.createHistogram('evertoken.token_request.duration', {
      unit: 's',
      description: 'How long a token request took',
      advice: { explicitBucketBoundaries: BUCKETS },
    }),
    refusals: counter('refusals', '{response}', 'Responses of the API with 401'),
    resends: counter('resends', '{request}', 'Requests sent once more with a new token'),
    givenBack: counter('given_back', '{response}', 'Responses with 401 that were returned to the caller'),
    lockouts: counter('lockouts', '{lockout}', 'Rejections of the credentials, each followed by a pause'),
  }
  return instruments
}

module.exports = { watch }
