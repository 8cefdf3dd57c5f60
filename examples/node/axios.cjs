'use strict'

// axios, from CommonJS: an instance whose requests carry the token.

const axios = require('axios')

const { Client, EvertokenError } = require('evertoken')

async function main() {
  const client = Client.pismo({
    serverKey: process.env.PISMO_SERVER_KEY,
    serverSecret: process.env.PISMO_SERVER_SECRET,
    baseUrl: process.env.PISMO_BASE_URL ?? 'https://sandbox.pismolabs.io',
  })
  const api = axios.create({ timeout: 10_000 })
  const detach = client.attachAxios(api)
  try {
    const { status, data } = await api.get('/api/accounts/123')
    console.log(status, data.path)
  } catch (error) {
    if (error instanceof EvertokenError) console.log('no token:', error.code, error.message)
    else if (error.response) console.log(error.response.status, client.authOf(error.response)?.reason)
    else throw error
  } finally {
    detach()
    await client.close()
  }
}

main()
