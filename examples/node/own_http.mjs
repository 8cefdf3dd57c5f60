// For any HTTP library: `authorize` returns the header, `judge` the verdict on the response. Here with Node's own http.

import { request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { buffer } from 'node:stream/consumers'

import { Client } from 'evertoken'

const baseUrl = process.env.PISMO_BASE_URL ?? 'https://sandbox.pismolabs.io'
const client = Client.pismo({ serverKey: process.env.PISMO_SERVER_KEY, serverSecret: process.env.PISMO_SERVER_SECRET, baseUrl })

/** Sends the request once. */
function send(authorization) {
  const url = new URL(authorization.url)
  const request = url.protocol === 'https:' ? overHttps : overHttp
  return new Promise((resolve, reject) => {
    request(url, { headers: { authorization: authorization.value } }, async (response) => {
      resolve({ status: response.statusCode, headers: response.headers, body: await buffer(response) })
    })
      .on('error', reject)
      .end()
  })
}

/** Sends the request, and once more if the verdict says so. */
async function get(path) {
  const authorization = await client.authorize(path)
  const response = await send(authorization)
  const verdict = await client.judge(authorization, response)
  if (verdict.action !== 'resend') return { ...response, verdict }
  const again = await send(verdict.authorization)
  return { ...again, verdict: await client.judge(verdict.authorization, again) }
}

client.invalidate()
const { status, verdict } = await get(`${baseUrl}/api/accounts/123`)
console.log(status, verdict.action)

await client.close()
