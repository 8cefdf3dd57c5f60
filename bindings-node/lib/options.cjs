'use strict'

// Options of a constructor, sorted for the border. What they mean is the core's affair.

const { fileURLToPath } = require('node:url')

const { shapeOf } = require('./checks.cjs')
const { invalid } = require('./errors.cjs')

/** `{ name, <what it is>: value }` for every option that is set. */
function sorted(options) {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw invalid('options', `must be an object, not ${shapeOf(options)}`)
  }
  const given = []
  for (const [name, value] of Object.entries(options)) {
    // The core would know it under this name; one spelling is enough.
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
  // Nothing takes them; said of a secret that was read from a file, without decoding it.
  if (ArrayBuffer.isView(value)) throw invalid(name, 'must be a string, not bytes; decode them, for example by toString()')
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw invalid(name, 'must be a plain object of strings')
  return { map: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, textOf(`${name}.${key}`, item)])) }
}

/** Text, or what stands for it. */
function textOf(name, value) {
  if (typeof value === 'string') return value
  if (value instanceof URL) return textOfUrl(value)
  throw invalid(name, `must be a string, not ${shapeOf(value)}`)
}

/** A file URL names a file, as everywhere in Node. */
function textOfUrl(url) {
  return url.protocol === 'file:' ? fileURLToPath(url) : url.href
}

module.exports = { pathOf: textOf, sorted }
