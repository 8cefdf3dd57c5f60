// A test file's own sandbox, and clients of its plain OAuth 2.0 server.

import { after, beforeEach } from 'node:test'

import { Sandbox } from 'evertoken/testing'

export const API = '/plain/api/x'

/** The sandbox, as new for each test; and clients of it, each of an identity of its own: clients of one share a token. */
export function plain() {
  const sandbox = Sandbox.start()
  beforeEach(() => sandbox.reset())
  after(() => sandbox.close())
  let made = 0
  const client = (options) => sandbox.password({ tokenUrl: `${sandbox.url}/plain/token?client=${++made}`, ...options })
  return { sandbox, client }
}
