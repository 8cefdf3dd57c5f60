// The platform's fetch: a hundred requests at once, one login.

import { Client } from 'evertoken'

const client = Client.pismo({
  serverKey: process.env.PISMO_SERVER_KEY,
  serverSecret: process.env.PISMO_SERVER_SECRET,
  baseUrl: process.env.PISMO_BASE_URL ?? 'https://sandbox.pismolabs.io',
})

const responses = await Promise.all(
  Array.from({ length: 100 }, (_, number) => client.fetch(`/api/accounts/${number}`, { signal: AbortSignal.timeout(10_000) })),
)
for (const response of responses) {
  const why = client.authOf(response)
  if (why) console.log('refused for good:', why.reason, why.error?.message)
  await response.arrayBuffer()
}
console.log(new Set(responses.map(({ status }) => status)), 'logins:', client.stats().logins)

await client.close()
