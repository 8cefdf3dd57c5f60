'use strict'

// An emitter that is not collected while it has listeners.

const { EventEmitter } = require('node:events')

/** The emitters with listeners: a program may keep no other reference to them. */
const heard = new Set()
/** Emitters that will not emit any more. */
const over = new WeakSet()

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
  if (emitter.eventNames().length > 0 && !over.has(emitter)) heard.add(emitter)
  else heard.delete(emitter)
  return emitter
}

/** Releases the emitter for good, although it has listeners. */
function release(emitter) {
  over.add(emitter)
  heard.delete(emitter)
}

module.exports = { RetainedEmitter, release }
