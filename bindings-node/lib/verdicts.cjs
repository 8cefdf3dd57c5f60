'use strict'

// Why a 401 was given back, for responses of other libraries, which have no place for it.

const verdicts = new WeakMap()

/** The key in the `context` of undici's responses, of a function that returns the verdict. */
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
