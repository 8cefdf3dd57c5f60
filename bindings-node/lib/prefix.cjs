'use strict'

// The beginning of an answer's body, for the verdict; the answer stays whole.

/** Provider faults are some hundred bytes. */
const PREFIX_BYTES = 16 * 1024

/** The first bytes of a Response's body, or undefined if there are none to be had. */
async function prefixOf(response) {
  if (response.body === null || response.bodyUsed) return undefined
  const reader = response.clone().body.getReader()
  const pieces = []
  let length = 0
  try {
    while (length < PREFIX_BYTES) {
      const { done, value } = await reader.read()
      if (done) break
      pieces.push(value)
      length += value.length
    }
  } catch {
    // What has come is enough; whoever reads the answer meets the failure itself.
  }
  reader.cancel().catch(() => {})
  return Buffer.concat(pieces).subarray(0, PREFIX_BYTES)
}

/** Lets go of an answer that nobody is going to read. */
function discard(response) {
  response.body?.cancel().catch(() => {})
}

module.exports = { prefixOf, discard, PREFIX_BYTES }
