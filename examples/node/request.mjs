// Requests through the core: read, write, see what happens, meet a refusal.

import { Client, EvertokenError } from 'evertoken'

const client = Client.pismo({
  serverKey: process.env.PISMO_SERVER_KEY,
  serverSecret: process.env.PISMO_SERVER_SECRET,
  baseUrl: process.env.PISMO_BASE_URL ?? 'https://sandbox.pismolabs.io',
})
client.on('token_installed', ({ via, fingerprint }) => console.log('token', via, fingerprint))

const account = await client.request('GET', '/api/accounts/123', { query: { fields: ['balance', 'limit'] } })
console.log(account.status, account.headers.get('content-type'), account.json().path)

const note = await client.request('POST', '/api/notes', { json: { text: 'hello' }, timeout: 5_000 })
console.log(note.status, (await client.token()).expiresAt)

try {
  await client.request('GET', 'https://elsewhere.example/api/accounts/123')
} catch (error) {
  if (!EvertokenError.is(error, 'origin_refused')) throw error
  console.log('refused:', error.message)
}

await client.close()
