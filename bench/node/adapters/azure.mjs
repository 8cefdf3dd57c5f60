// @azure/identity's client secret credential, and fetch. It insists on https, so what sends its token requests knows
// better. It is not told of a 401: its users ask for a token past the cache with `claims`.
import { createDefaultHttpClient } from '@azure/core-rest-pipeline'
import { ClientSecretCredential } from '@azure/identity'

const SCOPE = 'read/.default'
const CLAIMS = '{"access_token":{"nbf":{"essential":true}}}'

export class Azure {
  static open(server) {
    const self = new this()
    const http = createDefaultHttpClient()
    self.credential = new ClientSecretCredential('tenant', 'bench', 'secret', {
      authorityHost: `https://127.0.0.1:${server.port}`,
      disableInstanceDiscovery: true,
      httpClient: {
        sendRequest(request) {
          request.url = request.url.replace('https:', 'http:')
          request.allowInsecureConnection = true
          return http.sendRequest(request)
        },
      },
    })
    self.url = server.resource
    return self
  }

  async header(claims) {
    return `Bearer ${(await this.credential.getToken(SCOPE, { claims })).token}`
  }

  async get() {
    const status = await this.#send(await this.header())
    return status === 401 ? this.#send(await this.header(CLAIMS)) : status
  }

  async #send(authorization) {
    const response = await fetch(this.url, { headers: { authorization } })
    await response.arrayBuffer()
    return response.status
  }
}
