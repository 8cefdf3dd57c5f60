'use strict'

// Sorts the options of a constructor by type for the native module. The core checks their names and values.

const { fileURLToPath } = require('node:url')

const { shapeOf } = require('./checks.cjs')
const { invalid } = require('./errors.cjs')

/** `{ name, <type>: value }` for every option that is set, where type is text, number, flag, list or map. */
function sorted(options) {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw invalid('options', `must be an object, not ${shapeOf(options)}`)
  }
  const given = []
  for (const [name, value] of Object.entries(options)) {
    // The core would accept its own spelling too.
    if (name.includes('_')) throw invalid(name, `is not an option here; did you mean ${camel(name)}?`)
    if (value !== undefined && value !== null) given.push({ name, ...asOne(name, value) })
  }
  return given
}

function camel(name) {
  return name.replaceAll(/_+(.)/g, (_, letter) => letter.toUpperCase())
}

function asOne(name, value) {
  switch (typeof value) {
    case 'string':
      return { text: value }
    case 'number':
      if (Number.isNaN(value)) throw invalid(name, 'must be a number, not NaN')
      return { number: value }
    case 'bigint':
      return { text: value.toString() }
    case 'boolean':
      return { flag: value }
    case 'object':
      return asMany(name, value)
    default:
      throw invalid(name, `must be a string, a number, true or false, a list or an object, not ${shapeOf(value)}`)
  }
}

function asMany(name, value) {
  if (value instanceof URL) return { text: textOfUrl(value) }
  if (Array.isArray(value)) return { list: value.map((item) => textOf(name, item)) }
  const prototype = Object.getPrototypeOf(value)
  // No option takes bytes. They are usually a secret, read from a file and not decoded.
  if (ArrayBuffer.isView(value)) throw invalid(name, 'must be a string, not bytes; decode them, for example by toString()')
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw invalid(name, 'must be a plain object of strings')
  return { map: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, textOf(`${name}.${key}`, item)])) }
}

/** A string, or the text of a URL. */
function textOf(name, value) {
  if (typeof value === 'string') return value
  if (value instanceof URL) return textOfUrl(value)
  throw invalid(name, `must be a string, not ${shapeOf(value)}`)
}

/** The path of a file URL, as elsewhere in Node; the text of any other. */
function textOfUrl(url) {
  return url.protocol === 'file:' ? fileURLToPath(url) : url.href
}

module.exports = { pathOf: textOf, sorted }
