'use strict'

// Checks the arguments of calls. The errors name the argument.

const { invalid } = require('./errors.cjs')

/** Refuses names that are not among `known`, and suggests the most similar one. */
function options(given, known) {
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object') throw invalid('options', `must be an object, not ${shapeOf(given)}`)
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const near = known.find((other) => other.toLowerCase() === name.replaceAll('_', '').toLowerCase())
    throw invalid(name, near ? `is not an option here; did you mean ${near}?` : `is not an option here, only ${known.join(', ')}`)
  }
  return given
}

/** A URL's text. Refuses values whose text would be `undefined` or `[object Object]`, which would be taken for a path. */
function url(value) {
  if (typeof value === 'string') return value
  const text = typeof value === 'object' && value !== null ? String(value) : undefined
  if (text === undefined || text.startsWith('[object ')) throw invalid('url', `must be a string or a URL, not ${shapeOf(value)}`)
  return text
}

/** True or false; undefined is false. */
function flag(name, value = false) {
  if (typeof value !== 'boolean') throw invalid(name, 'must be true or false')
  return value
}

/** Milliseconds, or undefined. */
function millis(name, value) {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || Number.isNaN(value) || value < 0) throw invalid(name, 'must be a number of milliseconds, 0 or more')
  return value
}

/** Milliseconds of a time limit, or undefined. */
function limit(name, value) {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !(value > 0 && value < Infinity)) throw invalid(name, 'must be a number of milliseconds, more than 0')
  return value
}

/** An AbortSignal, or undefined. */
function signal(value) {
  if (value === undefined || value === null) return undefined
  if (typeof value.addEventListener !== 'function' || typeof value.aborted !== 'boolean') throw invalid('signal', 'must be an AbortSignal')
  return value
}

/** Headers in any of their forms, as `[name, value, name, value]`. */
function pairs(headers) {
  if (headers === undefined || headers === null) return []
  if (typeof headers !== 'object') throw invalid('headers', `must be an object, not ${shapeOf(headers)}`)
  const entries = typeof headers[Symbol.iterator] === 'function' ? [...headers] : Object.entries(headers)
  const list = []
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) throw invalid('headers', 'must be an object, a Headers or a list of pairs')
    const [name, value] = entry
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) list.push(String(name), String(one))
    }
  }
  return list
}

/** A value's type in words, for messages. */
function shapeOf(value) {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return { object: 'an object', undefined: 'undefined' }[typeof value] ?? `a ${typeof value}`
}

module.exports = { options, url, flag, millis, limit, pairs, signal, shapeOf }
