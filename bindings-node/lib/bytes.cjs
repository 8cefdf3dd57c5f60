'use strict'

// The types that hold bytes or yield them.

/** Whether this is a string or bytes, and not something that yields them. */
function isBytes(value) {
  return typeof value === 'string' || ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer
}

/** The same bytes as a Buffer, which shares their memory if they are bytes already. */
function bytesOf(value) {
  if (typeof value === 'string') return Buffer.from(value)
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value)
}

/** Whether this yields bytes piece by piece, and so can be sent only once. */
function isPieces(value) {
  return typeof value === 'object' && value !== null && !isBytes(value) && (typeof value[Symbol.asyncIterator] === 'function' || typeof value[Symbol.iterator] === 'function')
}

module.exports = { isBytes, bytesOf, isPieces }
