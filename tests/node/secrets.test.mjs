// Nothing that is printed, inspected, serialized or cloned shows a secret or a token, whichever way it is done.

import assert from 'node:assert/strict'
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'

import axios from 'axios'
import got from 'got'
import { Agent, interceptors, request } from 'undici'

import { Sandbox } from 'evertoken/testing'

let sandbox
before(() => {
  sandbox = Sandbox.start()
})
after(() => sandbox.close())

function logged(value) {
  let text = ''
  const sink = new Writable({ write: (piece, _encoding, done) => ((text += piece), done()) })
  const console = new Console({ stdout: sink, stderr: sink })
  console.log(value)
  console.error('%o', value)
  console.dir(value, { depth: 9, showHidden: true })
  console.table([value])
  return text
}

/** Ways to make a text of a value. */
const WAYS = {
  inspect: (value) => inspect(value, { depth: 9, showHidden: true, getters: false }),
  'inspect of what is around it': (value) => inspect({ value: [value] }, { depth: 9 }),
  'a format': (value) => format('%s %o %O %j', value, value, value, value),
  console: logged,
  JSON: (value) => jsonOf(value) ?? '',
  'a string': (value) => `${typeof value.toString === 'function' ? String(value) : ''} ${Object.prototype.toString.call(value)}`,
  'its own properties': (value) => inspect(Object.fromEntries(Reflect.ownKeys(value).map((key) => [key, Object.getOwnPropertyDescriptor(value, key).value])), { depth: 9, showHidden: true }),
  'a spread': (value) => inspect({ ...value }, { depth: 9 }) + JSON.stringify({ ...value }),
  'a clone': (value) => inspect(cloned(value), { depth: 9, showHidden: true }),
  'a serialization': (value) => serializedOf(value),
}

/** Node's requests, which axios' answers hold, go round in circles; the error that says so shows nothing either. */
function jsonOf(value) {
  try {
    return JSON.stringify({ value })
  } catch (error) {
    return inspect(error)
  }
}

/** What cannot be cloned shows nothing either. */
function cloned(value) {
  try {
    return structuredClone(value)
  } catch (error) {
    return error
  }
}

function serializedOf(value) {
  try {
    const bytes = serialize(value)
    return bytes.toString('latin1') + bytes.toString('utf16le')
  } catch (error) {
    return String(error)
  }
}

let run = 0
const API = '/wso2/api/x'
const client = (options) => sandbox.wso2({ tokenUrl: `${sandbox.url}/token?secrets=${++run}`, ...options })
const rejected = (call) => call.then(() => assert.fail(), (error) => error)

/** What a library throws of a request that the API refuses, that ends nowhere, and that breaks off. */
function failing(name, send) {
  const faults = { refused: { type: 'status', status: 500 }, misled: { type: 'redirect', status: 302, location: API }, broken: { type: 'reset' } }
  const things = Object.entries(faults).map(([what, fault]) => [
    `an error of ${name}, ${what}`,
    async (warm) => {
      await warm.token()
      sandbox.arm({ route: 'api', fault, count: 0 })
      return rejected(send(warm, sandbox.url + API))
    },
  ])
  return Object.fromEntries(things)
}

/** Everything that this package hands out, or that passes through its hands. */
const THINGS = {
  'a client': (warm) => warm,
  'a token': (warm) => warm.token(),
  'an authorization': (warm) => warm.authorize(API),
  'a verdict': async (warm) => {
    const authorization = await warm.authorize(API)
    sandbox.revoke({ what: 'access' })
    return warm.judge(authorization, { status: 401 })
  },
  state: (warm) => warm.state(),
  stats: (warm) => warm.stats(),
  'an answer of request': (warm) => warm.request('GET', API),
  'a streamed answer': (warm) => warm.request('GET', API, { stream: true }),
  'an answer of fetch': (warm) => warm.fetch(API),
  'an answer of undici': async (warm) => {
    const { body, ...answer } = await request(sandbox.url + API, { dispatcher: new Agent().compose(warm.undiciInterceptor()) })
    await body.dump()
    return answer
  },
  "an answer's config of axios": async (warm) => {
    const instance = axios.create()
    warm.attachAxios(instance)
    return (await instance.get(API)).config
  },
  "an error's config of axios": async (warm) => {
    const instance = axios.create({ timeout: 20 })
    warm.attachAxios(instance)
    await warm.token()
    sandbox.arm({ route: 'api', fault: 'gate' })
    const { config, code } = await rejected(instance.get(API))
    assert.equal(code, 'ECONNABORTED')
    sandbox.release()
    return config
  },
  'events': async () => {
    const events = []
    const made = client()
    for (const name of ['flight_started', 'token_installed', 'refused', 'resent', 'given_back']) made.on(name, (event) => events.push(event))
    await made.token()
    sandbox.revoke({ what: 'access' })
    await made.request('GET', API)
    return events
  },
  'an error of a rejected login': () => rejected(client({ password: 'private-password' }).token()),
  'an error of a refused origin': (warm) => rejected(warm.fetch('https://elsewhere.example/?key=private-query')),
  'an error of an option': () => {
    try {
      return client({ consumerSecret: 'private\nsecret' })
    } catch (error) {
      return error
    }
  },
}

/** What other libraries hand out and throw, which programs print as it is. `console.dir` looks past all that an object says of itself. */
const THEIRS = {
  'an answer of axios': (warm) => {
    const instance = axios.create()
    warm.attachAxios(instance)
    return instance.get(sandbox.url + API)
  },
  ...failing('axios', (warm, url) => {
    const instance = axios.create()
    warm.attachAxios(instance)
    return instance.get(url)
  }),
  ...failing('got', (warm, url) => got(url, { hooks: warm.gotHooks(), retry: { limit: 0 } })),
  ...failing('a stream of got', async (warm, url) => {
    for await (const piece of got.stream(url, { hooks: warm.gotHooks(), retry: { limit: 0 } })) void piece
  }),
  ...failing('undici', (warm, url) => request(url, { dispatcher: new Agent().compose(warm.undiciInterceptor(), interceptors.redirect({ maxRedirections: 3 }), interceptors.responseError()) })),
}
const COMMON = ['inspect', 'inspect of what is around it', 'a format', 'JSON', 'a string']

const all = [...Object.entries(THINGS).map((thing) => [...thing, Object.entries(WAYS)]), ...Object.entries(THEIRS).map((thing) => [...thing, COMMON.map((way) => [way, WAYS[way]])])]

for (const [name, make, ways] of all) {
  describe(name, () => {
    let thing
    let hidden
    before(async () => {
      sandbox.reset()
      const warm = client()
      const first = await warm.token()
      thing = await make(warm)
      const { password, consumer_secret: secret } = sandbox.credentials.wso2
      hidden = [first.value, (await warm.token()).value, password, secret, 'private-password', 'private-query', 'private\nsecret']
    })
    for (const [way, print] of ways) {
      test(way, () => {
        const text = print(thing)
        for (const value of hidden) assert.ok(!text.includes(value), `shows ${hidden.indexOf(value)}`)
      })
    }
  })
}

test('a client and a token are known by fingerprint', async () => {
  const warm = client()
  const token = await warm.token()
  assert.match(inspect(token), /^Token \{\s.*fingerprint: '[0-9a-f]{8}'/s)
  assert.ok(inspect(warm).includes(token.fingerprint))
  assert.deepEqual(JSON.parse(JSON.stringify(warm)), { identity: warm.identity, fingerprint: token.fingerprint })
})
