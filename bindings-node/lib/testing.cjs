'use strict'

// The sandbox for tests: the providers on loopback, inside this process, with a clock and faults that tests control.

const { inspect } = require('node:util')

const { Client } = require('./client.cjs')
const native = require('./native.cjs')
const { call, port } = require('./port.cjs')

class Sandbox {
  #native
  #closed

  constructor(settings = {}) {
    this.#native = checked(native.startSandbox(port, JSON.stringify(settings)))
    this.info = JSON.parse(this.#native.info())
  }

  static start(settings) {
    return new this(settings)
  }

  get url() {
    return this.info.url
  }

  get foreignUrl() {
    return this.info.foreign_url
  }

  get httpsUrl() {
    return this.info.https_url
  }

  get credentials() {
    return this.control('GET', '/credentials')
  }

  control(method, path, body) {
    return JSON.parse(checked(this.#native.control(method, path, JSON.stringify(body ?? null))))
  }

  configure(settings) {
    return this.control('POST', '/settings', settings)
  }

  arm(faults) {
    return this.control('POST', '/faults', faults)
  }

  script(routes) {
    return this.control('POST', '/script', routes)
  }

  advance(millis) {
    return this.control('POST', '/clock', { advance_ms: millis })
  }

  revoke(what = {}) {
    return this.control('POST', '/revoke', what)
  }

  rotate(what = {}) {
    return this.control('POST', '/rotate', what)
  }

  counts() {
    return this.control('GET', '/counts')
  }

  journal() {
    return this.control('GET', '/journal').entries
  }

  release(count) {
    return this.control('POST', '/release', count === undefined ? {} : { count })
  }

  reset() {
    this.control('POST', '/reset')
  }

  async wait(what) {
    return JSON.parse(checked(await call((id) => this.#native.wait(id, '/wait', JSON.stringify(what)))))
  }

  async waitHeld(count) {
    return (await this.wait({ held: count })).held
  }

  async waitRequests(count, route) {
    return (await this.wait({ requests: count, route })).requests
  }

  pismo(options) {
    const { server_key: serverKey, server_secret: serverSecret, account_id: accountId } = this.credentials.pismo
    return Client.pismo({ serverKey, serverSecret, accountId, baseUrl: this.url, ...options })
  }

  passkit(options) {
    const { username, password } = this.credentials.passkit
    return Client.passkit({ username, password, baseUrl: this.url, ...options })
  }

  wso2(options) {
    const { consumer_key: consumerKey, consumer_secret: consumerSecret, username, password } = this.credentials.wso2
    return Client.wso2({ tokenUrl: `${this.url}/token`, baseUrl: this.url, consumerKey, consumerSecret, username, password, ...options })
  }

  password(options) {
    const { client_id: clientId, client_secret: clientSecret, username, password } = this.credentials.plain
    return Client.password({ tokenUrl: `${this.url}/plain/token`, baseUrl: this.url, clientId, clientSecret, username, password, ...options })
  }

  clientCredentials(options) {
    const { client_id: clientId, client_secret: clientSecret } = this.credentials.plain
    return Client.clientCredentials({ tokenUrl: `${this.url}/plain/token`, baseUrl: this.url, clientId, clientSecret, ...options })
  }

  async close() {
    this.#closed ??= call((id) => this.#native.close(id))
    await this.#closed
  }

  toJSON() {
    return { url: this.url }
  }

  [inspect.custom](_depth, options) {
    return `Sandbox ${inspect(this.toJSON(), options)}`
  }
}

if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(Sandbox.prototype, Symbol.asyncDispose, {
    value() {
      return this.close()
    },
    configurable: true,
    writable: true,
  })
}

/** The result of a control call. Throws if it was refused, which is a mistake in the test. */
function checked(result) {
  if (result?.failed === true) throw new Error(`sandbox: ${result.message} (${result.status})`)
  return result
}

module.exports = { Sandbox }
