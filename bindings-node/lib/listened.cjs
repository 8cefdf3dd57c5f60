'use strict'

// An emitter that is there for as long as somebody listens to it.

const { EventEmitter } = require('node:events')

/** Held, since its listeners may be all that a program has to do with it. */
const heard = new Set()
/** What emits no more. */
const over = new WeakSet()

class Listened extends EventEmitter {
  on(event, listener) {
    super.on(event, listener)
    return weighed(this)
  }

  addListener(event, listener) {
    super.addListener(event, listener)
    return weighed(this)
  }

  prependListener(event, listener) {
    super.prependListener(event, listener)
    return weighed(this)
  }

  off(event, listener) {
    super.off(event, listener)
    return weighed(this)
  }

  removeListener(event, listener) {
    super.removeListener(event, listener)
    return weighed(this)
  }

  removeAllListeners(...events) {
    super.removeAllListeners(...events)
    return weighed(this)
  }
}

/** Holds it or lets it go, after its listeners have changed. */
function weighed(emitter) {
  if (emitter.eventNames().length > 0 && !over.has(emitter)) heard.add(emitter)
  else heard.delete(emitter)
  return emitter
}

/** Lets it go although somebody listens. */
function silenced(emitter) {
  over.add(emitter)
  heard.delete(emitter)
}

module.exports = { Listened, silenced }
