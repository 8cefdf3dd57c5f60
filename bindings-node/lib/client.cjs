'use strict'

const diagnostics = require('node:diagnostics_channel')
const { inspect } = require('node:util')

const { attachAxios } = require('./adapters/axios.cjs')
const { gotHooks } = require('./adapters/got.cjs')
const { undiciInterceptor } = require('./adapters/undici.cjs')
const { Authorization, judge } = require('./authorization.cjs')
const check = require('./checks.cjs')
const { fromFailure, invalid, valueOf } = require('./errors.cjs')
const { authorized } = require('./fetch.cjs')
const { Authorizer } = require('./authorizer.cjs')
const { RetainedEmitter, release } = require('./retained_emitter.cjs')
const native = require('./native.cjs')
const { pathOf, sorted } = require('./options.cjs')
const { call, hook, port, unhook } = require('./port.cjs')
const { request } = require('./request.cjs')
const telemetry = require('./telemetry.cjs')
const { Token } = require('./token.cjs')
const { verdictOf } = require('./verdicts.cjs')

/** Shows that the constructor is called by one of the static methods. */
const OURS = Symbol('evertoken')

class Client extends RetainedEmitter {
  #native
  #authorizer
  #fetch
  #receive
  #hook

  constructor(ours, make) {
    if (ours !== OURS) throw new TypeError('use Client.pismo(), Client.passkit(), Client.wso2(), Client.password(), Client.clientCredentials(), Client.jsonLogin() or Client.fromProfile()')
    super()
    this.#native = valueOf(make())
    for (const warning of this.#native.warnings) process.emitWarning(warning, 'EvertokenWarning')
    this.#authorizer = new Authorizer(this.#native)
    this.#receive = receiver(new WeakRef(this))
    this.#hook = hook(this.#receive)
    this.#native.subscribe(this.#hook)
    telemetry.watch()
  }

  static pismo(options) {
    return made(this, 'pismo', options)
  }

  static passkit(options) {
    return made(this, 'passkit', options)
  }

  static wso2(options) {
    return made(this, 'wso2', options)
  }

  static password(options) {
    return made(this, 'password', options)
  }

  static clientCredentials(options) {
    return made(this, 'client_credentials', options)
  }

  static jsonLogin(options) {
    return made(this, 'json_login', options)
  }

  static fromProfile(name, { path, ...options } = {}) {
    if (typeof name !== 'string') throw invalid('name', `must be a string, not ${check.shapeOf(name)}`)
    const file = path === undefined || path === null ? undefined : pathOf('path', path)
    return new this(OURS, () => native.makeProfileClient(port, name, file, sorted(options)))
  }

  get identity() {
    return this.#native.identity
  }

  get baseUrl() {
    return this.#authorizer.baseUrl
  }

  async token(options) {
    const { minTtl, timeout, signal } = check.options(options, ['minTtl', 'timeout', 'signal'])
    const least = check.millis('minTtl', minTtl) ?? 0
    const wait = check.millis('timeout', timeout)
    return new Token(await call((id) => this.#native.token(id, least, wait), check.signal(signal)))
  }

  async authorization(url, options) {
    if (url !== undefined) this.#checked(url)
    const { timeout, signal } = check.options(options, ['timeout', 'signal'])
    const kept = this.#authorizer.fresh()
    if (kept !== undefined) return kept.header
    return (await this.#authorizer.authorize(check.signal(signal), check.millis('timeout', timeout))).header
  }

  authorizationSync(url) {
    if (url !== undefined) this.#checked(url)
    return this.#authorizer.fresh()?.header
  }

  async headersFor(url, options) {
    return { authorization: await this.authorization(url, options) }
  }

  async authorize(url, options) {
    const target = this.#checked(url)
    const { timeout, signal } = check.options(options, ['timeout', 'signal'])
    const kept = this.#authorizer.fresh() ?? (await this.#authorizer.authorize(check.signal(signal), check.millis('timeout', timeout)))
    return new Authorization(kept, target.href)
  }

  judge(authorization, response, options) {
    return judge(this.#authorizer, authorization, response, options)
  }

  #checked(url) {
    const target = this.#authorizer.resolve(url)
    const refusal = this.#authorizer.refusal(target)
    if (refusal !== undefined) throw refusal
    return target
  }

  request(method, url, options) {
    return request(this.#native, method, url, options)
  }

  fetch(input, init) {
    this.#fetch ??= authorized(this.#authorizer, (...args) => globalThis.fetch(...args), true)
    return this.#fetch(input, init)
  }

  wrapFetch(fetch = globalThis.fetch) {
    if (typeof fetch !== 'function') throw invalid('fetch', 'must be a function')
    return authorized(this.#authorizer, fetch, false)
  }

  undiciInterceptor() {
    return undiciInterceptor(this.#authorizer)
  }

  attachAxios(instance) {
    return attachAxios(this.#authorizer, instance)
  }

  gotHooks() {
    return gotHooks(this.#authorizer)
  }

  authOf(response) {
    return verdictOf(response)
  }

  state() {
    const state = this.#native.state()
    return { ...state, lastError: state.lastError === null ? null : fromFailure(state.lastError) }
  }

  stats() {
    return this.#native.stats()
  }

  reset() {
    this.#native.reset()
  }

  invalidate() {
    this.#native.invalidate()
  }

  async close(options) {
    const { revoke } = check.options(options, ['revoke'])
    const isRevoking = check.flag('revoke', revoke)
    this.#authorizer.forget()
    try {
      if (isRevoking) await call((id) => this.#native.revokeAndClose(id))
      else this.#native.close()
    } finally {
      this.#authorizer.forget()
      this.#native.unsubscribe()
      unhook(this.#hook)
      release(this)
    }
  }

  toJSON() {
    return { identity: this.identity, fingerprint: this.#native.state().fingerprint }
  }

  [inspect.custom](_depth, options) {
    return `Client ${inspect(this.toJSON(), options)}`
  }
}

if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(Client.prototype, Symbol.asyncDispose, {
    value() {
      return this.close()
    },
    configurable: true,
    writable: true,
  })
}

/** A client of `Class`, which may be a subclass. */
function made(Class, flow, options) {
  return new Class(OURS, () => native.makeClient(port, flow, sorted(options)))
}

/** Passes events on to the client's listeners and to the diagnostics channels. */
function receiver(client) {
  return (told) => {
    // A provider may be set up after the first client.
    telemetry.watch()
    const event = Object.freeze(eventOf(told))
    const channel = diagnostics.channel(`evertoken:${told.name}`)
    if (channel.hasSubscribers) channel.publish(event)
    try {
      client.deref()?.emit(told.name, event)
    } catch (error) {
      // An error in a listener affects nothing else, and is reported.
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}

function eventOf({ expires, error, ...event }) {
  if (expires === false) event.expiresIn = null
  if (error !== undefined) event.error = fromFailure(error)
  return event
}

module.exports = { Client }
