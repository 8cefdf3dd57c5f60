// got: an instance whose requests carry the token.

import got from 'got'

import { Client } from 'evertoken'

const baseUrl = process.env.PISMO_BASE_URL ?? 'https://sandbox.pismolabs.io'
const client = Client.pismo({ serverKey: process.env.PISMO_SERVER_KEY, serverSecret: process.env.PISMO_SERVER_SECRET, baseUrl })

const gotWithToken = got.extend({ hooks: client.gotHooks() })
const { statusCode, body } = await gotWithToken(new URL('/api/accounts/123', baseUrl), { responseType: 'json' })
console.log(statusCode, body.path)

await client.close()
