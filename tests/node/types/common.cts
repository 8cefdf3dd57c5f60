// The package from CommonJS.

import evertoken = require('evertoken')
import testing = require('evertoken/testing')

export async function uses(): Promise<void> {
  const client: evertoken.Client = evertoken.Client.passkit({ token: 't' })
  const error: unknown = await client.token().catch((reason: unknown) => reason)
  if (error instanceof evertoken.EvertokenError) console.log(error.code)
  await testing.Sandbox.start().close()
}
