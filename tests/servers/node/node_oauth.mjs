/** @node-oauth/oauth2-server on Express: password grant, rotating refresh tokens. Revocation is the application's, as always there. */

import OAuth2Server from '@node-oauth/oauth2-server'
import express from 'express'

import { CLIENT_ID, CLIENT_SECRET, LIFE_SECS, PASSWORD, USERNAME, countToken, counts, serve } from './harness.mjs'

const { Request, Response } = OAuth2Server
const client = { id: CLIENT_ID, grants: ['password', 'client_credentials', 'refresh_token'] }
let tokens = []

const model = {
  getClient: (id, secret) => (id === CLIENT_ID && secret === CLIENT_SECRET ? client : null),
  getUser: (username, password) => (username === USERNAME && password === PASSWORD ? { username } : null),
  getUserFromClient: () => ({ username: CLIENT_ID }),
  saveToken: (token, owner, user) => {
    const saved = { ...token, client: owner, user }
    tokens.push(saved)
    return saved
  },
  getAccessToken: (value) => tokens.find((token) => token.accessToken === value) ?? null,
  getRefreshToken: (value) => tokens.find((token) => token.refreshToken === value) ?? null,
  revokeToken: (used) => {
    const before = tokens.length
    tokens = tokens.filter((token) => token.refreshToken !== used.refreshToken)
    return tokens.length < before
  },
}

const oauth = new OAuth2Server({ model, accessTokenLifetime: LIFE_SECS, refreshTokenLifetime: 86_400 })
const app = express()

app.post('/token', express.urlencoded({ extended: false }), async (req, res) => {
  countToken(req.body.grant_type)
  const answer = new Response(res)
  try {
    await oauth.token(new Request(req), answer)
  } catch {
    // The answer holds the error already.
  }
  res.status(answer.status).set(answer.headers).json(answer.body)
})

app.post('/revoke', express.urlencoded({ extended: false }), (req, res) => {
  counts.revoke += 1
  tokens = tokens.filter(({ accessToken, refreshToken }) => ![accessToken, refreshToken].includes(req.body.token))
  res.end()
})

app.all('/api/{*rest}', express.raw({ type: () => true }), async (req, res) => {
  counts.api += 1
  const answer = new Response(res)
  try {
    await oauth.authenticate(new Request({ headers: req.headers, method: req.method, query: req.query, body: {} }), answer)
    res.json({ length: req.body?.length ?? 0 })
  } catch (error) {
    if (error.code === 401) counts.api_401 += 1
    res.status(error.code).set(answer.headers).json({ error: error.name, error_description: error.message })
  }
})

app.post('/_control/revoke-all', (_req, res) => {
  tokens = []
  res.json({})
})

app.get('/_control/counts', (_req, res) => res.json(counts))

serve(app)
