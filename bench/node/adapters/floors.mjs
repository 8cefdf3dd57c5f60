// What a cached header could cost at least.
import { createRequire } from 'node:module'

const TEXT = `Bearer ${'x'.repeat(180)}`

/** A plain check in JavaScript: not refused, and before its time. */
export class Check {
  static open() {
    const self = new this()
    self.text = TEXT
    self.until = Date.now() + 3_600_000
    self.refused = new Uint32Array(1)
    return self
  }

  header() {
    return this.refused[0] === 0 && Date.now() < this.until ? this.text : undefined
  }
}

/** An asynchronous function that has nothing to wait for. */
export class Await {
  static open() {
    return new this()
  }

  async header() {
    return TEXT
  }

  /** One turn of the event loop: what a loop of requests costs the runtime's memory without any. */
  async get() {
    await new Promise(setImmediate)
    return 200
  }
}

const native = () => createRequire(import.meta.url)(process.env.BENCH_FLOORS_NODE)

/** Native code that does nothing. */
export class NativeEmpty {
  static open() {
    const { empty } = native()
    return {
      header() {
        empty()
        return TEXT
      },
    }
  }
}

/** Native code that returns a string. */
export class NativeCached {
  static open() {
    return { header: native().cached }
  }
}
