// Evertoken: its own requests, its fetch, and its adapters for other libraries.
import { Client } from '../../peers/ours/node/index.mjs'

class Ours {
  static ours = true

  static async open(server) {
    const self = new this()
    self.client = Client.clientCredentials({
      tokenUrl: server.tokenUrl,
      baseUrl: server.baseUrl,
      clientId: 'bench',
      clientSecret: 'secret',
    })
    self.url = server.resource
    await self.load?.()
    return self
  }

  close() {
    return this.client.close()
  }
}

/** `request`, and `authorizationSync` with `authorization` behind it. */
export class Request extends Ours {
  header() {
    return this.client.authorizationSync() ?? this.client.authorization()
  }

  async get() {
    return (await this.client.request('GET', '/accounts/123')).status
  }
}

/** The header by the call that may wait. */
export class Authorization extends Ours {
  header() {
    return this.client.authorization()
  }
}

export class Fetch extends Ours {
  async get() {
    const response = await this.client.fetch('/accounts/123')
    await response.arrayBuffer()
    return response.status
  }
}

export class OverUndici extends Ours {
  async load() {
    this.undici = await import('undici')
    this.agent = new this.undici.Agent().compose(this.client.undiciInterceptor())
  }

  async get() {
    const { statusCode, body } = await this.undici.request(this.url, { dispatcher: this.agent })
    await body.arrayBuffer()
    return statusCode
  }
}

export class OverAxios extends Ours {
  async load() {
    const { default: axios } = await import('axios')
    // axios itself, not an instance of it: this copy of ours does not lie beside axios, where it would find what made the instance.
    Object.assign(axios.defaults, { responseType: 'arraybuffer', validateStatus: null })
    this.client.attachAxios((this.axios = axios))
  }

  async get() {
    return (await this.axios.get(this.url)).status
  }
}

export class OverGot extends Ours {
  async load() {
    const { default: got } = await import('got')
    const options = { responseType: 'buffer', throwHttpErrors: false, retry: { limit: 0 } }
    this.got = got.extend(options, { hooks: this.client.gotHooks() })
  }

  async get() {
    return (await this.got(this.url)).statusCode
  }
}
