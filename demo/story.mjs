/** 200 requests from 20 concurrent callers of a Node.js program, which has no code for tokens. */

import { setTimeout as sleep } from 'node:timers/promises'

import { Client } from 'evertoken'

const CALLERS = 20
const ROUNDS = 10
const PACE_MS = 700

function connect(provider) {
  const env = process.env
  const baseUrl = env.API_URL
  switch (provider) {
    case 'pismo':
      return Client.pismo({ baseUrl, serverKey: env.PISMO_SERVER_KEY, serverSecret: env.PISMO_SERVER_SECRET })
    case 'passkit':
      return Client.passkit({ baseUrl, username: env.PASSKIT_USERNAME, password: env.PASSKIT_PASSWORD })
    default:
      return Client.wso2({
        baseUrl,
        tokenUrl: env.TOKEN_URL,
        consumerKey: env.WSO2_CONSUMER_KEY,
        consumerSecret: env.WSO2_CONSUMER_SECRET,
        username: env.WSO2_USERNAME,
        organization: env.WSO2_ORGANIZATION,
        password: env.WSO2_PASSWORD,
      })
  }
}

const provider = process.argv[2]
const client = connect(provider)
const started = performance.now()

async function caller(number) {
  let succeeded = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(Math.max(0, started + round * PACE_MS - performance.now()))
    const response = await client.fetch(`/${provider}/api/orders/${number}?page=${round}`)
    await response.text()
    succeeded += response.status === 200
  }
  return succeeded
}

const each = await Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)))
const succeeded = each.reduce((sum, count) => sum + count, 0)
const milliseconds = Math.round(performance.now() - started)
client.close()
console.log(JSON.stringify({ requests: CALLERS * ROUNDS, succeeded, milliseconds }))
