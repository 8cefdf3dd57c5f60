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
/** A JavaScript engine takes about so long until it has compiled what a request runs through. */
const COMPILED_SECONDS = 1
/** Collecting garbage comes in portions: of an axios request's, so much time holds some ten, and in a tenth of it one more or less is 30 %. */
const COLLECTED_SECONDS = 1
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

/**
 * Runs slices of wall time until enough processor time went into them, first to warm up, then to measure: so a busy machine
 * makes a run longer, not shorter of samples. Three times the usual wall time ends it all the same.
 */
async function measured(plan, run) {
  for (const warm of [false, true]) {
    const least = plan.case !== 'request' ? 0 : warm ? COLLECTED_SECONDS : COMPILED_SECONDS
    const enough = Math.max(plan.seconds / 2, least)
    const [began, used] = [performance.now(), cpu()]
    const found = []
    for (;;) {
      for (const each of await run(plan.seconds / 4)) found.push(each)
      const [seconds, spent] = [(performance.now() - began) / 1e3, cpu() - used]
      if (spent < enough && seconds < enough * 6) continue
      if (warm) return [found, seconds, spent]
      break
    }
  }
}

async function together(plan, caller) {
  const found = []
  await Promise.all(Array.from({ length: plan.callers }, () => caller(found)))
  return found
}

async function header(client, plan) {
  if (!(await client.header())) throw new Error('no header came')
  // The first call had to wait for a token; whether it waits from a cache tells the second.
  const caller = client.header() instanceof Promise ? awaiting : calling
  const [found, , spent] = await measured(plan, (seconds) => together(plan, (calls) => caller(client, seconds, calls)))
  const calls = found.reduce((sum, each) => sum + each, 0)
  return { ns: (spent / calls) * 1e9, calls }
}

async function calling(client, seconds, calls) {
  const end = performance.now() + seconds * 1e3
  let length = 0
  while (performance.now() < end) {
    for (let call = 0; call < BATCH; call++) length += client.header().length
    calls.push(BATCH)
    await undefined
  }
  if (length === 0) throw new Error('no header came')
}

async function awaiting(client, seconds, calls) {
  const end = performance.now() + seconds * 1e3
  while (performance.now() < end) {
    for (let call = 0; call < BATCH; call++) await client.header()
    calls.push(BATCH)
  }
}

async function request(client, plan) {
  let failed = 0
  const [times, seconds, spent] = await measured(plan, (time) => {
    const end = performance.now() + time * 1e3
    return together(plan, async (times) => {
      for (let began = performance.now(); began < end; began = performance.now()) {
        if ((await client.get()) !== 200) failed++
        times.push(performance.now() - began)
      }
    })
  })
  return report(times, failed, seconds, spent)
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
