// HTTP clients that carry a token they were given: what a token client is compared with.
class Bare {
  static async open(server) {
    const self = new this()
    self.url = server.resource
    self.headers = { authorization: `Bearer ${await server.token()}` }
    await self.load()
    return self
  }

  async load() {}
}

export class Fetch extends Bare {
  async get() {
    const response = await fetch(this.url, { headers: this.headers })
    await response.arrayBuffer()
    return response.status
  }
}

export class Undici extends Bare {
  async load() {
    this.undici = await import('undici')
  }

  async get() {
    const { statusCode, body } = await this.undici.request(this.url, { headers: this.headers })
    await body.arrayBuffer()
    return statusCode
  }
}

export class Axios extends Bare {
  async load() {
    const { default: axios } = await import('axios')
    // axios itself, as ours has to take it: an instance of it has other defaults.
    Object.assign(axios.defaults, { responseType: 'arraybuffer', validateStatus: null })
    Object.assign(axios.defaults.headers, this.headers)
    this.axios = axios
  }

  async get() {
    return (await this.axios.get(this.url)).status
  }
}

export class Got extends Bare {
  async load() {
    const { default: got } = await import('got')
    this.got = got.extend({ headers: this.headers, responseType: 'buffer', throwHttpErrors: false, retry: { limit: 0 } })
  }

  async get() {
    return (await this.got(this.url)).statusCode
  }
}
