'use strict'

// The headers and bodies of undici's requests, in their many forms.

const { isBytes } = require('../bytes.cjs')

/** Whether the caller has set an Authorization. */
function hasAuthorization(headers) {
  if (headers === undefined || headers === null) return false
  if (!Array.isArray(headers)) {
    if (typeof headers[Symbol.iterator] === 'function') return hasAuthorization([...headers].flat())
    for (const name in headers) if (isAuthorization(name)) return true
    return false
  }
  if (Array.isArray(headers[0])) return headers.some(([name]) => isAuthorization(name))
  for (let index = 0; index < headers.length; index += 2) if (isAuthorization(headers[index])) return true
  return false
}

function isAuthorization(name) {
  return name.length === 13 && String(name).toLowerCase() === 'authorization'
}

/** The headers with ours added. They may be an object, a flat list, or an iterable of pairs. */
function withHeader(headers, authorization) {
  if (headers === undefined || headers === null) return { authorization }
  if (Array.isArray(headers)) return [...(Array.isArray(headers[0]) ? headers.flat() : headers), 'authorization', authorization]
  if (typeof headers[Symbol.iterator] === 'function') return [...[...headers].flat(), 'authorization', authorization]
  return { ...headers, authorization }
}

/** Whether the whole body can be sent again. */
function isReplayable(body) {
  return body === undefined || body === null || isBytes(body) || body instanceof Blob || body[Symbol.toStringTag] === 'FormData'
}

module.exports = { hasAuthorization, isReplayable, withHeader }
