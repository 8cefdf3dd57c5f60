// The cases; several callers are several chains of promises. An adapter is a class:
//   static open(server, callers)  a client, with or without a token yet (may be a promise)
//   header()                      the Authorization value as the library offers it (may be a promise)
//   get()                         a promise of the status of one authenticated request, its body read
//   close()                       optional
import { setTimeout as sleep } from 'node:timers/promises'

import * as herd from './herd.mjs'
import { cpu, memoryKb, report } from './meter.mjs'

/** How many header calls are made between two looks at the clock. */
const BATCH = 1_000
/** The memory case: so many rounds of so many requests. */
const ROUNDS = 11
const REQUESTS = 10_000

export async function run(Adapter, plan) {
  if (plan.case.startsWith('herd')) return herdOfPromises(Adapter, plan)
  const client = await Adapter.open(plan.server, plan.callers)
  const result = await { header, request, memory }[plan.case](client, plan)
  await client.close?.()
  return result
}

async function measured(plan, measure) {
  await measure(plan.seconds / 5)
  const [began, used] = [performance.now(), cpu()]
  const result = await measure(plan.seconds)
  return [result, (performance.now() - began) / 1e3, cpu() - used]
}

async function header(client, plan) {
  const first = client.header()
  const waits = first instanceof Promise
  if (!(await first)) throw new Error('no header came')
  const caller = waits ? awaiting : calling
  const [calls, , used] = await measured(plan, async (seconds) => {
    const callers = Array.from({ length: plan.callers }, () => caller(client, seconds))
    return (await Promise.all(callers)).reduce((sum, calls) => sum + calls, 0)
  })
  return { ns: (used / calls) * 1e9, calls }
}

async function calling(client, seconds) {
  const end = performance.now() + seconds * 1e3
  let calls = 0
  let length = 0
  while (performance.now() < end) {
    for (let call = 0; call < BATCH; call++) length += client.header().length
    calls += BATCH
    await undefined
  }
  if (length === 0) throw new Error('no header came')
  return calls
}

async function awaiting(client, seconds) {
  const end = performance.now() + seconds * 1e3
  let calls = 0
  while (performance.now() < end) {
    for (let call = 0; call < BATCH; call++) await client.header()
    calls += BATCH
  }
  return calls
}

async function request(client, plan) {
  const [{ times, failed }, seconds, used] = await measured(plan, async (time) => {
    const times = []
    let failed = 0
    const end = performance.now() + time * 1e3
    const caller = async () => {
      for (let began = performance.now(); began < end; began = performance.now()) {
        if ((await client.get()) !== 200) failed++
        times.push(performance.now() - began)
      }
    }
    await Promise.all(Array.from({ length: plan.callers }, caller))
    return { times, failed }
  })
  return report(times, failed, seconds, used)
}

async function memory(client, plan) {
  const rounds = []
  for (let round = 0; round < (client.constructor.ours ? ROUNDS : 1); round++) {
    for (let made = 0; made < REQUESTS; made++) {
      if ((await client.get()) !== 200) throw new Error('a request failed')
    }
    rounds.push(memoryKb('VmRSS') - plan.bareKb)
  }
  return { bare_kb: plan.bareKb, rounds_kb: rounds }
}

async function herdOfPromises(Adapter, plan) {
  await herd.beforeFirst(plan)
  const client = await Adapter.open(plan.server, plan.callers)
  await client.get()
  await sleep(await herd.beforeHerd(plan))
  const began = performance.now()
  // Whatever a library throws, the call has failed.
  const callers = Array.from({ length: plan.callers }, () => client.get().catch(() => 0))
  const statuses = await Promise.all(callers)
  return herd.report(plan, statuses, (performance.now() - began) / 1e3)
}
