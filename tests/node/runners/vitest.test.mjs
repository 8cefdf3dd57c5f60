// The test kit under vitest. Run by runners.test.mjs.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { EvertokenError } from 'evertoken'
import { Sandbox } from 'evertoken/testing'

let sandbox
beforeAll(() => {
  sandbox = Sandbox.start()
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

describe('a program', () => {
  test('survives a revocation', async () => {
    const client = sandbox.pismo()
    await client.token()
    sandbox.revoke()
    expect((await client.fetch('/pismo/api/x', { method: 'POST', body: new Blob(['again']) })).status).toBe(200)
    expect((await client.request('GET', '/pismo/api/x')).json()).toMatchObject({ method: 'GET' })
    expect(sandbox.counts().pismo.login).toBe(2)
  })

  test('is told of a wrong password', async () => {
    const call = sandbox.passkit({ password: 'wrong' }).token()
    await expect(call).rejects.toBeInstanceOf(EvertokenError)
    await expect(call).rejects.toMatchObject({ code: 'credentials_rejected' })
  })

  test('waits for a login that a gate holds, under fake timers too', async ({ onTestFinished }) => {
    const { vi } = await import('vitest')
    vi.useFakeTimers()
    onTestFinished(() => vi.useRealTimers())
    sandbox.arm({ route: 'token', fault: 'gate' })
    const call = sandbox.wso2().token()
    await sandbox.waitHeld(1)
    sandbox.release()
    expect((await call).expiresIn).toBeGreaterThan(0)
  })
})
