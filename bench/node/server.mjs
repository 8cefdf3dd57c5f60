// The measured server's address and its control routes.
import { request } from 'node:http'

export class Server {
  constructor(port) {
    this.port = port
    this.baseUrl = `http://127.0.0.1:${port}`
    this.resource = `${this.baseUrl}/accounts/123`
    this.tokenUrl = `${this.baseUrl}/token`
  }

  /** Asks a control route; the counts. */
  control(command) {
    return this.#exchange('GET', `/control/${command}`)
  }

  /** A token, for clients that only carry one. */
  async token() {
    return (await this.#exchange('POST', '/token')).access_token
  }

  #exchange(method, path) {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: this.port, method, path, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece) => (text += piece))
        response.on('end', () => resolve(JSON.parse(text)))
      })
      sent.on('error', reject)
      sent.end()
    })
  }
}
