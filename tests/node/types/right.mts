// What must compile, as an ES module. Checked against the packed package; never run.

import { Client, EvertokenError, ERROR_CODES, StreamedResponse } from 'evertoken'
import type { ClientResponse, ErrorCode, Events, GivenBack, RequestOptions, StreamedRequestOptions, Token } from 'evertoken'
import { Sandbox } from 'evertoken/testing'
import axios from 'axios'
import got from 'got'
import { Agent, request } from 'undici'

export async function uses(): Promise<void> {
  const client = Client.pismo({ serverKey: 'k', serverSecret: 's', accountId: 123, baseUrl: new URL('https://api.example') })
  Client.passkit({ token: 't', region: 'pub2' })
  Client.passkit({ username: 'u', password: 'p', twoFaCode: '123' })
  Client.wso2({ tokenUrl: 'https://gw/token', consumerKey: 'k', consumerSecret: 's', username: 'u', password: 'p', scope: ['a'] })
  Client.password({ tokenUrl: 'https://as/token', username: 'u', password: 'p', basic: 'percent', clientCert: ['cert.pem', 'key.pem'] })
  Client.clientCredentials({ tokenUrl: 'https://as/token', clientId: 'i', clientSecret: 's', extraFields: { audience: 'x' } })
  Client.jsonLogin({ tokenUrl: 'https://as/login', body: { user: 'u' }, refreshBearer: 'refresh_token' })

  Client.fromProfile('production', { path: './evertoken.toml', timeout: 5_000, accountId: 7 })

  const token: Token = await client.token({ minTtl: 30_000, timeout: 5_000, signal: AbortSignal.timeout(1_000) })
  const { value, expiresAt, expiresIn, scope, claims, fingerprint } = token
  const parts: [string, Date | null, number | null, string | null, unknown, string] = [value, expiresAt, expiresIn, scope, claims?.['sub'], fingerprint]
  void parts

  const header: string | undefined = client.authorizationSync('/x')
  const response: Response = await client.fetch('/x', { method: 'POST', body: new FormData(), headers: { ...(await client.headersFor('/x')), a: header ?? '' } })
  const back: GivenBack | null = client.authOf(response)
  const wrapped: typeof fetch = client.wrapFetch(fetch) as typeof fetch
  void wrapped
  if (back?.reason === 'renewal_failed') console.log(back.error?.code)

  const whole = await client.request('GET', '/x', { query: { a: [1, 2], b: null }, headers: new Headers(), connectTimeout: 1_000, readTimeout: 2_000 })
  const body: Buffer = whole.body
  const account = whole.json<{ id: number }>()
  const text: string = whole.text()
  void [body, account.id, text]
  const streamed = await client.request('POST', '/x', { json: { a: 1 }, stream: true })
  for await (const piece of streamed) piece.readUInt8(0)
  const passedOn = (options: RequestOptions | StreamedRequestOptions) => client.request('GET', '/x', options)
  const either: ClientResponse | StreamedResponse = await passedOn({ stream: true })
  if (either instanceof StreamedResponse) either.cancel()
  await client.request('GET', '/x', { stream: either.ok })
  const { Readable } = await import('node:stream')
  await client.request('PUT', '/x', { body: Readable.from(['a']) })

  const dispatcher = new Agent().compose(client.undiciInterceptor())
  const undiciAnswer = await request('https://api.example/x', { dispatcher })
  client.authOf(undiciAnswer)?.reason satisfies string | undefined
  const detach: () => void = client.attachAxios(axios.create())
  client.attachAxios(axios)
  detach()
  await got.extend({ hooks: client.gotHooks() })('https://api.example/x').json()

  client.on('token_installed', (event) => console.log(event.via, event.expiresIn?.toFixed()))
  client.once('given_back', ({ reason }) => console.log(reason))
  const listener = (event: Events['locked_out']): void => console.log(event.pause, event.error.code)
  client.off('locked_out', listener)

  const verdict = await client.judge(await client.authorize('/x'), { status: 401, body: 'no', replayable: false })
  if (verdict.action === 'resend') console.log(verdict.authorization.url)
  else if (verdict.action === 'give_back') console.log(verdict.reason, verdict.error)

  client.state().lastError?.code satisfies ErrorCode | undefined
  client.stats().waiting satisfies number
  await client.close({ revoke: true })

  try {
    await client.token()
  } catch (error) {
    if (!(error instanceof EvertokenError)) throw error
    console.log(advice(error.code), error.retryAfter?.toFixed(), error.httpStatus, error.retryable)
    if (EvertokenError.is(error, 'rate_limited')) error.code satisfies 'rate_limited'
    const any: unknown = error
    if (EvertokenError.is(any)) {
      switch (any.code) {
        case 'cancelled':
          any satisfies EvertokenError<'cancelled'>
          any.name satisfies 'AbortError'
          break
        case 'rate_limited':
          any satisfies EvertokenError<'rate_limited'>
          break
        default:
          any.code satisfies Exclude<ErrorCode, 'cancelled' | 'rate_limited'>
      }
    }
  }
  ERROR_CODES satisfies readonly ErrorCode[]

  const sandbox = Sandbox.start({ pismo: { life_secs: 60 } })
  sandbox.pismo({ accountId: 1 })
  sandbox.arm({ route: 'login', fault: 'gate' })
  await sandbox.waitHeld(1)
  sandbox.counts().pismo.login satisfies number
  await sandbox.close()
}

/** Exhaustive: a new code would not compile. */
function advice(code: ErrorCode): string {
  switch (code) {
    case 'config_invalid':
    case 'credentials_rejected':
    case 'locked_out':
    case 'origin_refused':
    case 'closed':
    case 'tls':
      return 'mend it'
    case 'rate_limited':
    case 'server_unavailable':
    case 'unreachable':
    case 'timed_out':
    case 'bad_response':
    case 'same_token':
    case 'store':
      return 'later'
    case 'cancelled':
      return 'as you wished'
    case 'internal':
      return 'report it'
    default:
      return code satisfies never
  }
}
