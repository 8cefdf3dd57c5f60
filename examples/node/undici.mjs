// undici: every request of a dispatcher carries the token, also those that a redirect makes.

import { Agent, interceptors, request } from 'undici'

import { Client } from 'evertoken'

const baseUrl = process.env.PISMO_BASE_URL ?? 'https://sandbox.pismolabs.io'
const client = Client.pismo({ serverKey: process.env.PISMO_SERVER_KEY, serverSecret: process.env.PISMO_SERVER_SECRET, baseUrl })

const dispatcher = new Agent().compose(client.undiciInterceptor(), interceptors.redirect({ maxRedirections: 3 }))
const { statusCode, body } = await request(new URL('/api/accounts/123', baseUrl), { dispatcher })
const { path } = await body.json()
console.log(statusCode, path)

await dispatcher.close()
await client.close()
