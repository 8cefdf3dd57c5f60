'use strict'

// Why a 401 was given back, beside responses that are not ours to change.

const verdicts = new WeakMap()

/** In a response's `context`, as undici has it: a function that tells the verdict. */
const VERDICT = Symbol('evertoken.verdict')

/** Notes the verdict and returns the response. */
function remember(response, { reason, error }) {
  verdicts.set(response, { reason, error })
  return response
}

function verdictOf(response) {
  return verdicts.get(response) ?? response?.auth ?? response?.context?.[VERDICT]?.() ?? null
}

module.exports = { remember, verdictOf, VERDICT }
