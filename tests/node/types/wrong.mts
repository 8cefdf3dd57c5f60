// What must not compile. Each line that is wrong says so; a line that compiles after all is an error.

import { Client, EvertokenError, Token } from 'evertoken'

// @ts-expect-error a token stands alone
Client.passkit({ token: 't', password: 'p' })
// @ts-expect-error a user name needs a password
Client.passkit({ username: 'u' })
// @ts-expect-error there is no such region
Client.passkit({ token: 't', region: 'pub3' })
// @ts-expect-error the secret is missing
Client.pismo({ serverKey: 'k', baseUrl: 'https://api.example' })
// @ts-expect-error there is no such option
Client.pismo({ serverKey: 'k', serverSecret: 's', baseUlr: 'https://api.example' })
// @ts-expect-error options are in camel case
Client.pismo({ serverKey: 'k', serverSecret: 's', base_url: 'https://api.example' })
// @ts-expect-error durations are numbers
Client.pismo({ serverKey: 'k', serverSecret: 's', timeout: '5s' })
// @ts-expect-error a region is PassKit's
Client.wso2({ tokenUrl: 'https://gw', consumerKey: 'k', consumerSecret: 's', username: 'u', password: 'p', region: 'pub1' })
// @ts-expect-error there is no such form
Client.password({ tokenUrl: 'https://as', username: 'u', password: 'p', basic: 'base64' })
// @ts-expect-error clients are made by their flow
new Client()
// @ts-expect-error tokens are made by clients
new Token()

const client = Client.passkit({ token: 't' })
// @ts-expect-error the option is minTtl
void client.token({ minTTL: 1 })
// @ts-expect-error json and body exclude each other
void client.request('POST', '/', { json: 1, body: 'x' })
// @ts-expect-error an object is no body
void client.request('POST', '/', { body: { a: 1 } })
// @ts-expect-error there is no such event
client.on('token_lost', () => {})
// @ts-expect-error this event has no fingerprint
client.on('given_back', (event) => event.fingerprint)
// @ts-expect-error a streamed answer has no body at hand
void client.request('GET', '/', { stream: true }).then((response) => response.body)
// @ts-expect-error there is no such code
new EvertokenError('oops', 'message')

declare const failure: unknown
if (EvertokenError.is(failure) && failure.code === 'tls') {
  // @ts-expect-error the code tells which failure it is
  failure satisfies EvertokenError<'cancelled'>
}
// @ts-expect-error undici's dispatchers take a function of theirs
client.undiciInterceptor(1)
// @ts-expect-error no axios instance
client.attachAxios({})
// @ts-expect-error a one-shot body and json exclude each other
void client.request('POST', '/', { json: {}, body: (async function* () {})() })
// @ts-expect-error redirects are followed or given back
void client.request('GET', '/', { redirect: 'error' })
// @ts-expect-error only a call through the core has limits of its own
void client.fetch('/', { readTimeout: 50 })
