'use strict'

// What a verdict is told of a response, from what libraries make of it.

const { inspect } = require('node:util')

const { bytesOf, isBytes } = require('../bytes.cjs')
const { PREFIX_BYTES } = require('../peeked_response.cjs')

/** A response's headers as name, value, name, value; of a header that came several times each. */
function pairsOf(headers) {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]))
}

/** The beginning of a body that is there as bytes. */
function beginningOf(body) {
  return isBytes(body) ? bytesOf(body).subarray(0, PREFIX_BYTES) : undefined
}

/** What a request of Node prints: its headers are among its properties, as a text and as a table. */
const CONCEALED = { value: () => '[request]', configurable: true }

/** Makes the request behind a response or an error print nothing of itself. */
function conceal(request) {
  if (typeof request === 'object' && request !== null && Object.isExtensible(request)) Object.defineProperty(request, inspect.custom, CONCEALED)
}

module.exports = { conceal, pairsOf, beginningOf }
