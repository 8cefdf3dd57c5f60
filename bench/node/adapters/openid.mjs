// openid-client with its client credentials grant. It keeps no token and looks at no 401: its users do.
import * as client from 'openid-client'

/** A user's margin before expiry, in seconds. */
const MARGIN = 10

export class OpenidClient {
  static open(server) {
    const self = new this()
    const metadata = { issuer: server.baseUrl, token_endpoint: server.tokenUrl }
    self.config = new client.Configuration(metadata, 'bench', {}, client.ClientSecretPost('secret'))
    client.allowInsecureRequests(self.config)
    self.url = new URL(server.resource)
    return self
  }

  async renew() {
    this.tokens = await client.clientCredentialsGrant(this.config)
  }

  async header() {
    if (!(this.tokens?.expiresIn() > MARGIN)) await this.renew()
    return `Bearer ${this.tokens.access_token}`
  }

  async get() {
    await this.header()
    const status = await this.#send()
    if (status !== 401) return status
    await this.renew()
    return this.#send()
  }

  async #send() {
    try {
      const response = await client.fetchProtectedResource(this.config, this.tokens.access_token, this.url, 'GET')
      await response.arrayBuffer()
      return response.status
    } catch (error) {
      return error.status ?? error.cause?.status ?? 0
    }
  }
}
