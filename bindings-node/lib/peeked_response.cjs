'use strict'

// Reads the beginning of a response's body for the verdict, and keeps the response complete.

/** Providers' error documents have a few hundred bytes. */
const PREFIX_BYTES = 16 * 1024
/** Milliseconds after which a 401 is judged by what has arrived of its body, as in the core. */
const PATIENCE = 2_000
/** Properties of a Response that come from its request and that the constructor does not take. */
const OF_REQUEST = ['url', 'type', 'redirected']

/**
 * A Response whose beginning has been read. If it is given back, another Response with the same body replaces it. Reading a
 * clone would not need that, but takes two more streams, most of them for nothing: with 1,000 at once, a fifth of the time.
 */
class PeekedResponse {
  /** The first bytes of the body; undefined if there is none to read. */
  body
  #response
  #reader
  #pieces = []
  /** A read that has not completed yet. */
  #asked
  #isRead = false

  /** Reads the beginning of an unread Response. */
  static async at(response) {
    const peeked = new PeekedResponse()
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
          // It may never be awaited again.
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
      // What has arrived is enough. The response's reader gets the failure, which is the result of the last read.
    } finally {
      clearTimeout(timer)
    }
    this.body = Buffer.concat(this.#pieces)
  }

  /** The response to judge. */
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

  /** Cancels a response that is not going to be read. */
  discard() {
    if (!this.#isRead) this.#reader?.cancel().catch(() => {})
  }

  /** A stream of what has been read, followed by the rest. */
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
        // Otherwise a reader with a buffer of its own would wait for ever.
        controller.byobRequest?.respond(0)
      },
      cancel: (reason) => reader.cancel(reason),
    })
  }
}

/** `made` with the request's properties of `response`, also on its clones. */
function withRequestOf(made, response) {
  for (const name of OF_REQUEST) Object.defineProperty(made, name, { value: response[name], configurable: true })
  const { clone } = made
  return Object.defineProperty(made, 'clone', { value: () => withRequestOf(clone.call(made), made), configurable: true, writable: true })
}

/** Cancels an unread response. */
function discard(response) {
  response.body?.cancel().catch(() => {})
}

module.exports = { PeekedResponse, discard, PREFIX_BYTES, PATIENCE }
