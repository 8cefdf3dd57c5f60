// simple-oauth2 with its client credentials grant, and fetch. It sends no request itself: its users do.
import { ClientCredentials } from 'simple-oauth2'

/** A user's margin before expiry, in seconds. */
const MARGIN = 10

export class SimpleOauth2 {
  static open(server) {
    const self = new this()
    self.grant = new ClientCredentials({
      client: { id: 'bench', secret: 'secret' },
      auth: { tokenHost: server.baseUrl, tokenPath: '/token' },
    })
    self.url = server.resource
    return self
  }

  async renew() {
    this.token = await this.grant.getToken({})
  }

  async header() {
    if (this.token === undefined || this.token.expired(MARGIN)) await this.renew()
    return `Bearer ${this.token.token.access_token}`
  }

  async get() {
    const status = await this.#send()
    if (status !== 401) return status
    await this.renew()
    return this.#send()
  }

  async #send() {
    const response = await fetch(this.url, { headers: { authorization: await this.header() } })
    await response.arrayBuffer()
    return response.status
  }
}
