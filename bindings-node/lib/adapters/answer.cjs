'use strict'

// What a verdict is told of an answer, from what libraries make of it.

const { bytesOf, isBytes } = require('../bytes.cjs')
const { PREFIX_BYTES } = require('../prefix.cjs')

/** An answer's headers as name, value, name, value; of a header that came several times each. */
function pairsOf(headers) {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]))
}

/** The beginning of a body that is there as bytes. */
function beginningOf(body) {
  return isBytes(body) ? bytesOf(body).subarray(0, PREFIX_BYTES) : undefined
}

module.exports = { pairsOf, beginningOf }
