/** oidc-provider (OpenID certified): client credentials with form-encoded Basic, JSON revocation answers, its own error words. */

import { createServer } from 'node:http'

import Provider from 'oidc-provider'

import { CLIENT_ID, CLIENT_SECRET, LIFE_SECS, counts, countToken, serve } from './harness.mjs'

const provider = new Provider('http://127.0.0.1', {
  clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
  features: { clientCredentials: { enabled: true }, revocation: { enabled: true }, devInteractions: { enabled: false } },
  scopes: ['read', 'write'],
  ttl: { ClientCredentials: LIFE_SECS },
})
const oidc = provider.callback()

/** The protected API: the server's own tokens, looked up as its introspection does. */
async function api(req, res) {
  counts.api += 1
  let length = 0
  for await (const chunk of req) length += chunk.length
  const value = /^Bearer (.+)$/i.exec(req.headers.authorization ?? '')?.[1]
  const token = value && (await provider.ClientCredentials.find(value))
  if (token?.isValid) {
    res.setHeader('content-type', 'application/json')
    return res.end(JSON.stringify({ length }))
  }
  counts.api_401 += 1
  res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
  return res.end()
}

const server = createServer((req, res) => {
  if (req.url.startsWith('/api/')) return api(req, res)
  if (req.url === '/_control/counts') return res.end(JSON.stringify(counts))
  if (req.url === '/token') countToken('client_credentials')
  if (req.url === '/token/revocation') counts.revoke += 1
  return oidc(req, res)
})

serve(server, { revoke: '/token/revocation' })
