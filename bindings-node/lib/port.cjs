'use strict'

// Calls into the native half that wait. Each has a number; its answer comes through `deliver`.

const native = require('./native.cjs')
const { cancelled, fromFailure } = require('./errors.cjs')

/** Settle functions of pending calls, by number. */
const calls = new Map()
/** Receivers of events, by number; weak, so that a forgotten client is forgotten here too. */
const hooks = new Map()
let lastId = 0

/** Holds the event loop while a call is pending; never fires in a program's life. */
const hold = setInterval(() => {}, 2 ** 30).unref()

function deliver(id, failure, value) {
  const settle = calls.get(id)
  if (settle !== undefined) settle(failure, value)
  else hooks.get(id)?.deref()?.(value)
}

const port = new native.Port(deliver)

/**
 * Starts a native call and waits for its answer. The error is made here, after the wait, so that its stack
 * shows who called.
 */
async function call(start, signal) {
  if (signal?.aborted) throw cancelled(signal)
  let failure = null
  let value
  let gaveUp = false
  await new Promise((resolve) => {
    const id = ++lastId
    const settle = (theFailure, theValue) => {
      failure = theFailure
      value = theValue
      calls.delete(id)
      if (calls.size === 0) hold.unref()
      signal?.removeEventListener('abort', abandon)
      resolve()
    }
    const abandon = () => {
      gaveUp = true
      settle(null)
      port.abandon(id)
    }
    calls.set(id, settle)
    if (calls.size === 1) hold.ref()
    signal?.addEventListener('abort', abandon, { once: true })
    try {
      start(id)
    } catch (error) {
      settle({ code: 'internal', message: error.message })
    }
  })
  if (gaveUp) throw cancelled(signal)
  if (failure !== null) throw fromFailure(failure)
  return value
}

/** A number under which `receive` gets events for as long as somebody holds it. */
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
