'use strict'

// Native calls that wait. Each has a number, under which `deliver` receives its result.

const native = require('./native.cjs')
const { cancelled, fromFailure } = require('./errors.cjs')

/** Pending calls, by number. */
const calls = new Map()
/** Receivers of events, by number. Weak, so that they do not keep a client alive. */
const hooks = new Map()
let lastId = 0

/** Keeps the event loop running while a call is pending. It fires only after 12 days, and then does nothing. */
const hold = setInterval(() => {}, 2 ** 30).unref()

/** Receives all results since the last time: id, failure, value; id, failure, value; … */
function deliver(results) {
  for (let index = 0; index < results.length; index += 3) {
    const id = results[index]
    try {
      const call = calls.get(id)
      if (call !== undefined) call.settle(results[index + 1], results[index + 2])
      else hooks.get(id)?.deref()?.(results[index + 2])
    } catch (error) {
      // The others still have to get their results.
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

/** Bun and Deno have other event loops, and abort the program in their replacements for libuv's functions. */
const { uv, bun, deno } = process.versions
const hasLibuv = uv !== undefined && bun === undefined && deno === undefined

const port = new native.Port(deliver, hasLibuv)

/**
 * Starts a native call and waits for its result. The error is created here, after the wait, so that its stack shows the
 * caller.
 */
async function call(start, signal) {
  if (signal?.aborted) throw cancelled(signal)
  const pending = new Pending(signal)
  await new Promise((resolve) => {
    pending.begin(start, resolve)
  })
  if (pending.gaveUp) throw cancelled(signal)
  if (pending.failure !== null) throw fromFailure(pending.failure)
  return pending.value
}

/** A call that waits. */
class Pending {
  failure = null
  value = undefined
  gaveUp = false
  #id = ++lastId
  #signal
  #resolve

  constructor(signal) {
    this.#signal = signal
  }

  begin(start, resolve) {
    this.#resolve = resolve
    calls.set(this.#id, this)
    if (calls.size === 1) hold.ref()
    if (this.#signal !== undefined) listen(this.#signal, this)
    try {
      start(this.#id)
    } catch (error) {
      this.settle({ code: 'internal', message: error.message })
    }
  }

  settle(failure, value) {
    this.failure = failure
    this.value = value
    calls.delete(this.#id)
    if (calls.size === 0) hold.unref()
    if (this.#signal !== undefined) unlisten(this.#signal, this)
    this.#resolve()
  }

  abandon() {
    this.gaveUp = true
    this.settle(null)
    port.abandon(this.#id)
  }
}

/** The calls of each signal, which has one listener for all of them: a signal searches its whole list at each change. */
const waiting = new WeakMap()

function listen(signal, pending) {
  const group = waiting.get(signal)
  if (group !== undefined) {
    group.calls.add(pending)
    return
  }
  const calls = new Set([pending])
  const abandon = () => {
    for (const call of calls) call.abandon()
  }
  waiting.set(signal, { calls, abandon })
  signal.addEventListener('abort', abandon, { once: true })
}

function unlisten(signal, pending) {
  const { calls, abandon } = waiting.get(signal)
  calls.delete(pending)
  if (calls.size > 0) return
  waiting.delete(signal)
  signal.removeEventListener('abort', abandon)
}

/** Returns a number under which `receive` gets events, for as long as somebody else holds `receive`. */
function hook(receive) {
  const id = ++lastId
  hooks.set(id, new WeakRef(receive))
  gone.register(receive, id)
  return id
}

function unhook(id) {
  hooks.delete(id)
}

const gone = new FinalizationRegistry(unhook)

module.exports = { port, call, hook, unhook }
