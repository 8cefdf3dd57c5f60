// The cases; several callers are several chains of promises. An adapter is a class:
//   static open(server, callers)  a client, with or without a token yet (may be a promise)
//   header()                      the Authorization value as the library offers it (may be a promise)
//   get()                         a promise of the status of one authenticated request, its body read
//   close()                       optional
import { createInterface } from 'node:readline'

import * as herd from './herd.mjs'
import { cpu, memoryKb, report } from './meter.mjs'

/** How many header calls are made between two looks at the clock. */
const BATCH = 1_000
/** A JavaScript engine has compiled what a request runs through after about so many, and so much processor time. */
const COMPILED_REQUESTS = 10_000
const COMPILED_SECONDS = 0.5
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

/** Runs slices of wall time until enough processor time went into them, first to warm up, then to measure. */
async function measured(plan, run) {
  for (const warm of [false, true]) {
    const began = cpu()
    const found = []
    while (cpu() - began < plan.seconds / 2) found.push(...(await run(plan.seconds / 4)))
    if (warm) return [found, cpu() - began]
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
  const [found, spent] = await measured(plan, (seconds) => together(plan, (calls) => caller(client, seconds, calls)))
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

/** Takes turns with others, as the harness's `turns.py` says. */
async function request(client, plan) {
  const turns = new Turns(client, plan)
  let isWarm = false
  for await (const _ of createInterface({ input: process.stdin })) {
    await turns.take()
    console.log(isWarm ? cpu() - turns.began : 0)
    if (isWarm || turns.times.length < COMPILED_REQUESTS || cpu() - turns.began < COMPILED_SECONDS) continue
    isWarm = true
    turns.begin()
  }
  return report(turns.times, turns.failed, turns.seconds, cpu() - turns.began)
}

class Turns {
  constructor(client, plan) {
    this.client = client
    this.plan = plan
    this.begin()
  }

  begin() {
    this.times = []
    this.failed = 0
    this.seconds = 0
    this.began = cpu()
  }

  async take() {
    const { client, plan, times } = this
    const start = performance.now()
    const end = start + plan.seconds * 1e3
    await together(plan, async () => {
      for (let began = start; began < end; began = performance.now()) {
        if ((await client.get()) !== 200) this.failed++
        times.push(performance.now() - began)
      }
    })
    this.seconds += (performance.now() - start) / 1e3
  }
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
  await herd.beforeHerd(plan)
  const requests = herd.requestsEach(plan)
  const began = performance.now()
  const callers = Array.from({ length: plan.callers }, async () => {
    try {
      for (let sent = 1; sent < requests; sent++) await client.get()
      return await client.get()
    } catch {
      // Whatever a library throws, the call has failed.
      return 0
    }
  })
  const statuses = await Promise.all(callers)
  return herd.report(plan, statuses, (performance.now() - began) / 1e3)
}
