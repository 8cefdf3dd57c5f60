// google-auth-library: an OAuth 2 client with a refresh token, told to renew on a 401.
import { OAuth2Client } from 'google-auth-library'

export class Google {
  static open(server) {
    const self = new this()
    self.url = server.resource
    self.client = new OAuth2Client({
      clientId: 'bench',
      clientSecret: 'secret',
      endpoints: { oauth2TokenUrl: server.tokenUrl },
      forceRefreshOnFailure: true,
    })
    self.client.setCredentials({ refresh_token: 'refresh' })
    return self
  }

  async header() {
    return (await this.client.getRequestHeaders()).get('authorization')
  }

  async get() {
    const response = await this.client.request({ url: this.url, responseType: 'arraybuffer', validateStatus: (status) => status === 200 })
    return response.status
  }
}
