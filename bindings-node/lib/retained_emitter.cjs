'use strict'

// An emitter that the garbage collector keeps as long as it has listeners.

const { EventEmitter } = require('node:events')

/** The emitters with listeners. The program may keep no other reference to them. */
const retained = new Set()
/** Emitters that will not emit any more. */
const released = new WeakSet()

class RetainedEmitter extends EventEmitter {
  on(event, listener) {
    super.on(event, listener)
    return updated(this)
  }

  addListener(event, listener) {
    super.addListener(event, listener)
    return updated(this)
  }

  prependListener(event, listener) {
    super.prependListener(event, listener)
    return updated(this)
  }

  off(event, listener) {
    super.off(event, listener)
    return updated(this)
  }

  removeListener(event, listener) {
    super.removeListener(event, listener)
    return updated(this)
  }

  removeAllListeners(...events) {
    super.removeAllListeners(...events)
    return updated(this)
  }
}

/** Retains or releases the emitter after its listeners have changed, and returns it. */
function updated(emitter) {
  if (emitter.eventNames().length > 0 && !released.has(emitter)) retained.add(emitter)
  else retained.delete(emitter)
  return emitter
}

/** Releases the emitter for good, although it has listeners. */
function release(emitter) {
  released.add(emitter)
  retained.delete(emitter)
}

module.exports = { RetainedEmitter, release }
