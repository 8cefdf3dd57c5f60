'use strict'

// The facts of a response for its verdict, from the forms in which libraries have them.

const { inspect } = require('node:util')

const { bytesOf, isBytes } = require('../bytes.cjs')
const { PREFIX_BYTES } = require('../peeked_response.cjs')

/** A response's headers as a list of name, value, name, value; a repeated header has a pair for each value. */
function pairsOf(headers) {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, String(one)]))
}

/** The first bytes of a body; undefined if it is not bytes. */
function beginningOf(body) {
  return isBytes(body) ? bytesOf(body).subarray(0, PREFIX_BYTES) : undefined
}

/** What is printed instead of a request of Node, whose properties contain its headers. */
const CONCEALED = { value: () => '[request]', configurable: true }

/** Keeps the headers of the request behind a response or an error from being printed. */
function conceal(request) {
  if (typeof request === 'object' && request !== null && Object.isExtensible(request)) Object.defineProperty(request, inspect.custom, CONCEALED)
}

module.exports = { conceal, pairsOf, beginningOf }
