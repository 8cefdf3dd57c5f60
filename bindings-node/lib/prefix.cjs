'use strict'

// The beginning of a response's body, for the verdict; the response stays whole.

/** Provider faults are some hundred bytes. */
const PREFIX_BYTES = 16 * 1024
/** Milliseconds after which a 401 is judged by what has come of its body, as in the core. */
const PATIENCE = 2_000
/** What a Response tells of the request it responses, and a constructor does not take. */
const OF_REQUEST = ['url', 'type', 'redirected']

/**
 * A Response whose beginning has been read. Where it is given back, another with the same body stands for it. A clone beside
 * it would need no other, but costs two streams more, and most are thrown away: of 1,000 at once a fifth of all the time.
 */
class Peeked {
  /** The first bytes of the body; undefined if there are none to be had. */
  body
  #response
  #reader
  #pieces = []
  /** A piece that has been asked for and not come. */
  #asked
  #isRead = false

  /** Reads the beginning of a Response that nobody has read. */
  static async at(response) {
    const peeked = new Peeked()
    peeked.#response = response
    if (response.body !== null && !response.bodyUsed) await peeked.#read()
    return peeked
  }

  async #read() {
    this.#reader = this.#response.body.getReader()
    let timer
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE)
    })
    let length = 0
    try {
      while (length < PREFIX_BYTES) {
        this.#asked = this.#reader.read()
        const piece = await Promise.race([this.#asked, late])
        if (piece === undefined) {
          // Nobody may ever ask for it.
          this.#asked.catch(() => {})
          break
        }
        this.#asked = undefined
        if (piece.done) {
          this.#isRead = true
          break
        }
        this.#pieces.push(piece.value)
        length += piece.value.length
      }
    } catch {
      // What has come is enough. Whoever reads the response meets the failure: it is what the last piece asked for came to.
    } finally {
      clearTimeout(timer)
    }
    this.body = Buffer.concat(this.#pieces)
  }

  /** What the verdict is told about. */
  get response() {
    return this.#response
  }

  /** The response to give back. */
  whole() {
    const response = this.#response
    if (this.#reader === undefined) return response
    const { status, statusText, headers } = response
    const body = this.#isRead ? this.body : this.#rest()
    return withRequestOf(new response.constructor(body, { status, statusText, headers }), response)
  }

  /** Ends a response that nobody is going to read. */
  discard() {
    if (!this.#isRead) this.#reader?.cancel().catch(() => {})
  }

  /** What has been read, and then what follows. */
  #rest() {
    const reader = this.#reader
    const pieces = this.#pieces
    let asked = this.#asked
    return new ReadableStream({
      type: 'bytes',
      async pull(controller) {
        if (pieces.length > 0) return controller.enqueue(pieces.shift())
        const next = asked ?? reader.read()
        asked = undefined
        const { done, value } = await next
        if (!done) return controller.enqueue(value)
        controller.close()
        // Somebody who reads into a buffer of his own waits for it.
        controller.byobRequest?.respond(0)
      },
      cancel: (reason) => reader.cancel(reason),
    })
  }
}

/** `made` with what `response` tells of its request; its clones too. */
function withRequestOf(made, response) {
  for (const name of OF_REQUEST) Object.defineProperty(made, name, { value: response[name], configurable: true })
  const { clone } = made
  return Object.defineProperty(made, 'clone', { value: () => withRequestOf(clone.call(made), made), configurable: true, writable: true })
}

/** Ends a response that nobody has read, nor is going to. */
function discard(response) {
  response.body?.cancel().catch(() => {})
}

module.exports = { Peeked, discard, PREFIX_BYTES, PATIENCE }
