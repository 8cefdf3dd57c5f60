// Comparisons between what a vector expects and what this binding reports.

import assert from 'node:assert/strict'

/** Refuses keys that are not known, so that a misspelt expectation cannot pass. */
export function known(where, given, names) {
  const strange = Object.keys(given).filter((name) => !names.includes(name))
  assert.deepEqual(strange, [], `unknown keys in ${where}`)
}

/** Seconds within `[low, high]`, or null for none. */
export function within(name, millis, wanted) {
  if (wanted === null) return assert.equal(millis, null, name)
  assert.notEqual(millis, null, `${name} is missing`)
  const [low, high] = wanted
  const secs = millis / 1000
  assert.ok(secs >= low && secs <= high, `${name} is ${secs} s, not within ${low} and ${high}`)
}

/** Letter case and underscores aside: bindings spell names in their own way. */
const plain = (text) => text.toLowerCase().replaceAll('_', '')

export function error(found, wanted) {
  known('error', wanted, ['kind', 'http_status', 'provider_code', 'provider_message', 'retry_after', 'retryable', 'mentions'])
  if ('kind' in wanted) assert.equal(found.code, wanted.kind, found.message)
  if ('http_status' in wanted) assert.equal(found.httpStatus, wanted.http_status)
  if ('provider_code' in wanted) assert.equal(found.providerCode, wanted.provider_code)
  if ('provider_message' in wanted) assert.ok(found.providerMessage?.includes(wanted.provider_message), `provider message: ${found.providerMessage}`)
  if ('retry_after' in wanted) within('retry_after', found.retryAfter, wanted.retry_after)
  if ('retryable' in wanted) assert.equal(found.retryable, wanted.retryable)
  for (const part of wanted.mentions ?? []) assert.ok(plain(found.message).includes(plain(part)), `${JSON.stringify(part)} in: ${found.message}`)
}

export function state(found, wanted) {
  known('state', wanted, ['standing', 'expires_in', 'via', 'last_error', 'next_try_in'])
  if ('standing' in wanted) assert.equal(found.standing, wanted.standing)
  if ('expires_in' in wanted) within('expires_in', found.expiresIn, wanted.expires_in)
  if ('via' in wanted) assert.equal(found.via, wanted.via)
  if ('last_error' in wanted) assert.equal(found.lastError?.code ?? null, wanted.last_error)
  if ('next_try_in' in wanted) within('next_try_in', found.nextTryIn, wanted.next_try_in)
}

export function stats(found, wanted) {
  for (const [name, value] of Object.entries(wanted)) assert.equal(counter(found, name), value, name)
}

export function counter(found, name) {
  const camel = name.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase())
  assert.ok(camel in found, `no counter ${name}`)
  return found[camel]
}

/** An event as the vectors write it. */
export function eventText(event) {
  const detail = event.via ?? event.reason ?? event.error?.code
  return detail === undefined ? event.name : `${event.name}:${detail}`
}
