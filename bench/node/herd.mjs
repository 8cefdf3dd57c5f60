// The herd: many callers at the moment when the token is no longer good; or, to compare, while it is. The Rust cases' herd.rs says the same.
import { once } from 'node:events'

const TOKEN_MS = 50
const SPREAD_MS = 400

/** Before the first token: its life and how fast it comes. */
export async function beforeFirst(plan) {
  const life = plan.case === 'herd-expiry' ? 1 : 3_600
  await plan.server.control(`set?life=${life}&token_ms=0&gate=0&spread_ms=0`)
}

/** Before the callers start: the token is no longer good, and counting begins. Waits until the harness, too, is ready. */
export async function beforeHerd(plan) {
  const gate = ['herd-expiry', 'herd-valid'].includes(plan.case) ? 0 : plan.callers
  const spread = plan.case === 'herd-late' ? SPREAD_MS : 0
  const isCalm = plan.case.startsWith('herd-valid')
  await plan.server.control(`set?life=3600&token_ms=${TOKEN_MS}&gate=${gate}&spread_ms=${spread}&hold=${Number(isCalm)}`)
  if (plan.case !== 'herd-expiry' && !isCalm) await plan.server.control('revoke')
  console.log('ready')
  await once(process.stdin, 'data')
}

/** What a caller sends: twice where a good token stands in for one that is revoked. */
export function requestsEach(plan) {
  return plan.case === 'herd-valid-twice' ? 2 : 1
}

/** What the callers' statuses and the server's counts say. */
export async function report(plan, statuses, seconds) {
  const { tokens, refused } = await plan.server.control('counts')
  return { tokens, refused, failed: statuses.filter((status) => status !== 200).length, seconds }
}
