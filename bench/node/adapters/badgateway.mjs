// @badgateway/oauth2-client: its fetch wrapper over the client credentials grant; it renews on a 401 itself.
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client'

export class Badgateway {
  static open(server) {
    const self = new this()
    const client = new OAuth2Client({
      server: server.baseUrl,
      clientId: 'bench',
      clientSecret: 'secret',
      tokenEndpoint: server.tokenUrl,
    })
    self.wrapper = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials(), scheduleRefresh: false })
    self.url = server.resource
    return self
  }

  async header() {
    return `Bearer ${await this.wrapper.getAccessToken()}`
  }

  async get() {
    const response = await this.wrapper.fetch(this.url)
    await response.arrayBuffer()
    return response.status
  }
}
