// What a program of its own does, by name: `node program.mjs NAME SANDBOX_URL`. Run by lifetimes.test.mjs.

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const [, , mainName, mainUrl] = process.argv
const { name, url } = isMainThread ? { name: mainName, url: mainUrl } : workerData

process.on('unhandledRejection', (reason) => {
  console.error('unhandledRejection', reason)
  process.exit(7)
})

const load = async () => (await import('evertoken')).Client

const client = async (path = 'token', options = {}) =>
  (await load()).wso2({
    tokenUrl: `${url}/${path}`,
    baseUrl: url,
    consumerKey: 'key',
    consumerSecret: 'secret',
    username: 'user',
    password: 'password',
    ...options,
  })

/** Starts calls of every kind and leaves them pending. */
async function leavePending(made) {
  const ignore = () => {}
  for (let index = 0; index < 25; index++) {
    made.token().catch(ignore)
    made.request('GET', '/held').catch(ignore)
    made.fetch('/held').catch(ignore)
    made.request('GET', '/held', { stream: true }).catch(ignore)
  }
}

const REQUESTS = 100

/** How often the threads of the library have been woken so far, on Linux. */
function wakeUps() {
  const files = readdirSync('/proc/self/task').map((task) => readFileSync(`/proc/self/task/${task}/status`, 'utf8'))
  const ours = files.filter((status) => /^Name:\tevertoken/.test(status))
  if (ours.length === 0) throw new Error('no thread of the library was found')
  return ours.reduce((sum, status) => sum + Number(/^voluntary_ctxt_switches:\t(\d+)/m.exec(status)[1]), 0)
}

const worker = (inner) => new Worker(new URL(import.meta.url), { workerData: { name: inner, url } })

const programs = {
  /** Ends by itself although clients are there, with listeners, a warm token and a kept header. */
  async idle() {
    const made = await client('scripted', { keepWarm: true })
    made.on('token_installed', () => {})
    await made.authorization()
    await made.request('GET', '/open')
    // An unread body holds the platform's own socket.
    await (await made.fetch('/open')).arrayBuffer()
  },
  /** Ends by itself although a login was started that nobody waits for. */
  async started() {
    const made = await client('gated')
    made.authorizationSync()
  },
  /** A pending promise keeps the process alive until it settles. */
  async pending() {
    const made = await client('gated')
    console.log('waiting')
    made.token().then(() => console.log('settled'))
  },
  async exit() {
    await leavePending(await client('gated'))
    console.log('waiting')
    await once(process.stdin, 'data')
    process.exit(0)
  },
  /** A rejected call that was given up, and one whose answer nobody reads. */
  async abandoned() {
    const made = await client('gated')
    const abort = new AbortController()
    const call = made.token({ signal: abort.signal }).catch((error) => error.code)
    abort.abort()
    console.log(await call)
  },
  /** A client is there for as long as somebody listens to it, and no longer. */
  async listened() {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc')
    const hear = () => {}
    let made = 0
    const reference = async (prepare) => {
      const one = await client(`scripted?${++made}`)
      await prepare(one)
      return new WeakRef(one)
    }
    const isThere = async (one) => {
      // What was looked at is there until the end of the turn.
      await new Promise(setImmediate)
      collect()
      return one.deref() !== undefined
    }
    const ends = {
      off: (one) => one.off('token_installed', hear),
      removeListener: (one) => one.removeListener('token_installed', hear),
      'removeAllListeners of it': (one) => one.removeAllListeners('token_installed'),
      removeAllListeners: (one) => one.removeAllListeners(),
      close: (one) => one.close(),
    }
    const told = { told: (one) => one.token() }
    const ways = { on: ends, addListener: ends, prependListener: ends, once: { ...ends, ...told }, prependOnceListener: { ...ends, ...told } }

    console.log('nobody listens', await isThere(await reference(() => {})))
    const closed = await reference(async (one) => {
      await one.close()
      one.on('token_installed', hear)
    })
    console.log('closed before', await isThere(closed))
    for (const [way, itsEnds] of Object.entries(ways)) {
      for (const [end, make] of Object.entries(itsEnds)) {
        const one = await reference((it) => it[way]('token_installed', hear))
        console.log(way, await isThere(one))
        await Promise.resolve(make(one.deref())).then(() => {})
        console.log(end, await isThere(one))
      }
    }
  },
  /** Background renewals that fail are nobody's unhandled rejection. */
  async background() {
    const made = await client('fails', { maxAttempts: 1 })
    const failed = once(made, 'flight_failed')
    try {
      made.authorizationSync()
    } catch {
      // So soon that the call has seen it fail: that is an error with a caller.
    }
    // An event keeps nothing alive, so this does.
    const hold = setInterval(() => {}, 1000)
    await failed
    await new Promise(setImmediate)
    clearInterval(hold)
  },

  /** Requests wait in Node's own event loop: the library's threads sleep through them. */
  async 'own loop'() {
    const made = await client('scripted')
    const get = () => made.request('GET', '/open')
    await get()
    const before = wakeUps()
    for (let sent = 0; sent < REQUESTS; sent++) await get()
    console.log('woken for each request', wakeUps() - before >= REQUESTS)
  },

  async 'worker ends'() {
    const [code] = await once(worker('idle'), 'exit')
    console.log('worker', code)
  },
  async 'worker terminates'() {
    for (let round = 0; round < 4; round++) {
      const thread = worker('inner waits')
      await once(thread, 'message')
      await thread.terminate()
    }
  },
  async 'worker exits'() {
    for (let round = 0; round < 4; round++) {
      const thread = worker('inner exits')
      await once(thread, 'exit')
    }
  },
  async 'workers exit while answers arrive'() {
    for (let round = 0; round < 4; round++) {
      const threads = Array.from({ length: 4 }, () => worker('inner exits busy'))
      await Promise.all(threads.map((thread) => once(thread, 'exit')))
    }
  },
  async 'one token'() {
    const made = await client('twice')
    const { fingerprint } = await made.token()
    const thread = worker('inner token')
    const [found] = await once(thread, 'message')
    console.log(found === fingerprint ? 'same' : 'another')
    // A refusal in the worker ends the header that this thread keeps.
    const before = made.authorizationSync()
    thread.postMessage('invalidate')
    await once(thread, 'message')
    console.log(before !== undefined && made.authorizationSync() === undefined ? 'noticed' : 'stale')
    await thread.terminate()
  },

  async 'inner waits'() {
    await leavePending(await client('gated'))
    parentPort.postMessage('waiting')
  },
  async 'inner exits'() {
    await leavePending(await client('gated'))
    process.exit(0)
  },
  async 'inner exits busy'() {
    const made = await client('scripted')
    await made.token()
    let answers = 0
    const loop = async () => {
      for (;;) {
        await made.request('GET', '/open')
        if (++answers === 40) process.exit(0)
      }
    }
    await Promise.all(Array.from({ length: 16 }, loop))
  },
  async 'inner token'() {
    const made = await client('twice')
    parentPort.postMessage((await made.token()).fingerprint)
    await once(parentPort, 'message')
    made.invalidate()
    parentPort.postMessage('done')
  },
}

await programs[name]()
