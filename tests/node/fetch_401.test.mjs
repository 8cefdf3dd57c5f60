// A 401 that fetch gives back: what the server sent, and why it was not healed.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { API, plain } from './plain.mjs'

const { sandbox, client } = plain()
/** The 401 is about rights: nothing is renewed. */
const FORBIDDEN = { 'www-authenticate': 'Bearer error="insufficient_scope"' }

/** A client with a token that the server has just revoked. */
async function revoked() {
  const made = client()
  await made.token()
  sandbox.revoke({ what: 'access' })
  return made
}

describe('a 401', () => {
  test('for good is given back with its reason', async () => {
    const made = client()
    sandbox.arm({ route: 'api', count: 2, fault: 'unauthorized' })
    const response = await made.fetch(API)
    assert.equal(response.status, 401)
    assert.deepEqual(made.authOf(response), { reason: 'refused_again', error: null })
    assert.ok((await response.text()).length > 0)
  })

  for (const [size, text] of Object.entries({ 'a short': 'not you: Zoë', 'an empty': '', 'a long': 'x'.repeat(3_000_000) })) {
    const refuse = () => {
      const refused = { status: 401, headers: { 'content-type': 'text/plain;charset=utf-8', 'x-mine': 'kept', 'set-cookie': ['a=1', 'b=2'] }, text }
      const away = { status: 302, headers: { location: '/refused' } }
      sandbox.script({ 'GET /refused': { repeat_last: true, answers: [refused] }, 'GET /away': { repeat_last: true, answers: [away] } })
    }

    test(`with ${size} body is the server's when it is given back, and so are its clones`, async () => {
      refuse()
      for (const [from, redirected] of Object.entries({ '/refused': false, '/away': true })) {
        const response = await client().fetch(from)
        const clone = response.clone()
        for (const answer of [response, clone.clone(), clone]) {
          assert.ok(answer instanceof Response)
          assert.deepEqual([answer.status, answer.statusText, answer.ok, answer.bodyUsed], [401, 'Unauthorized', false, false])
          assert.deepEqual([answer.url, answer.redirected, answer.type], [`${sandbox.url}/refused`, redirected, 'basic'])
          assert.deepEqual([answer.headers.get('x-mine'), answer.headers.getSetCookie()], ['kept', ['a=1', 'b=2']])
          const blob = await answer.blob()
          assert.deepEqual([blob.type, await blob.text(), answer.bodyUsed], ['text/plain;charset=utf-8', text, true])
        }
      }
    })

    test(`with ${size} body can be read into a buffer of the caller's`, async () => {
      refuse()
      const reader = (await client().fetch('/refused')).body.getReader({ mode: 'byob' })
      const pieces = []
      for (let view = new Uint8Array(65_536); ; view = new Uint8Array(65_536)) {
        const { done, value } = await reader.read(view)
        if (done) break
        pieces.push(value)
      }
      assert.equal(Buffer.concat(pieces).toString(), text)
    })
  }

  test('can be let go of before its end', async () => {
    const refused = { status: 401, text: 'x'.repeat(3_000_000) }
    sandbox.script({ 'GET /refused': { repeat_last: true, answers: [refused] } })
    const { body } = await client().fetch('/refused')
    for await (const piece of body) {
      assert.ok(piece.length > 0)
      break
    }
    assert.equal(body.locked, false)
  })

  test('whose body breaks off does so for its reader too', async () => {
    const refused = () => {
      const pieces = [new Uint8Array(10)]
      return new Response(new ReadableStream({ pull: (controller) => (pieces.length > 0 ? controller.enqueue(pieces.pop()) : controller.error(new Error('torn'))) }), { status: 401 })
    }
    const made = client()
    const response = await made.wrapFetch(async () => refused())(API)
    assert.equal(made.authOf(response).reason, 'refused_again')
    await assert.rejects(response.text(), { message: 'torn' })
  })

  test('is read no further than its beginning', async () => {
    let pulled = 0
    const pull = (controller) => {
      pulled += 1
      controller.enqueue(new Uint8Array(1024))
    }
    const refused = new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { status: 401, headers: FORBIDDEN })
    const response = await client().wrapFetch(async () => refused)(API)
    assert.deepEqual([response.status, pulled], [401, 16])
    await response.body.cancel()
  })

  for (const isHealed of [true, false]) {
    test(`is let go of ${isHealed ? 'when the request is sent again' : 'where the caller lets go of it'}`, async () => {
      let isLetGo = false
      const source = { pull: (controller) => controller.enqueue(new Uint8Array(1024)), cancel: () => void (isLetGo = true) }
      const refused = new Response(new ReadableStream(source), { status: 401, headers: isHealed ? {} : FORBIDDEN })
      const answers = [refused, new Response('healed')]
      const response = await client().wrapFetch(async () => answers.shift())(API)
      assert.deepEqual([response.status, isLetGo], isHealed ? [200, true] : [401, false])
      await response.body.cancel()
      assert.ok(isLetGo)
    })
  }

  test('whose renewal failed carries the error', async () => {
    const made = await revoked()
    sandbox.arm({ route: 'token', count: 0, fault: { type: 'status', status: 400, json: { error: 'unauthorized_client' } } })
    const { reason, error } = made.authOf(await made.fetch(API))
    assert.deepEqual([reason, error.code], ['renewal_failed', 'credentials_rejected'])
  })
})
