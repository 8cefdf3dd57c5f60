// Clients from a profile in evertoken.toml.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { Client } from 'evertoken'
import { Sandbox } from 'evertoken/testing'

let sandbox
let folder
let path
before(() => {
  sandbox = Sandbox.start()
  folder = mkdtempSync(join(tmpdir(), 'evertoken-profile-'))
  path = join(folder, 'evertoken.toml')
  const { server_key: key, server_secret: secret } = sandbox.credentials.pismo
  writeFileSync(join(folder, 'secret'), `${secret}\n`)
  process.env.PROFILE_TEST_KEY = key
  writeFileSync(
    path,
    `[profiles.good]
flow = "pismo"
base_url = "${sandbox.url}"
server_key = { env = "PROFILE_TEST_KEY" }
server_secret = { file = "secret" }
timeout = 7

[profiles.clear]
flow = "passkit"
token = "in-clear"

[profiles.bad]
flow = "pismo"
base_ulr = "x"
`,
  )
})
after(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

test('a profile makes a client', async () => {
  const client = Client.fromProfile('good', { path })
  assert.equal((await client.request('GET', '/pismo/api/x')).status, 200)
  assert.equal(Client.fromProfile('good', { path: pathToFileURL(path) }).identity, client.identity)
})

test('options on top are in the spelling of JavaScript', () => {
  assert.match(Client.fromProfile('good', { path, accountId: 77 }).identity, /account 77/)
  assert.throws(() => Client.fromProfile('good', { path, accountIdd: 77 }), { code: 'config_invalid', message: /accountIdd/ })
})

test('what is wrong in the file is told in its own spelling', () => {
  assert.throws(() => Client.fromProfile('bad', { path }), { code: 'config_invalid', message: /evertoken\.toml: profile "bad": base_ulr: .*did you mean base_url/ })
  assert.throws(() => Client.fromProfile('none', { path }), { code: 'config_invalid', message: /good/ })
  assert.throws(() => Client.fromProfile('good', { path: join(folder, 'nowhere.toml') }), { code: 'config_invalid' })
  assert.throws(() => Client.fromProfile(7), { code: 'config_invalid', message: /^name: must be a string/ })
})

test('a secret in clear is a warning that does not show it', async () => {
  const warned = once(process, 'warning')
  Client.fromProfile('clear', { path })
  const [{ name, message }] = await warned
  assert.equal(name, 'EvertokenWarning')
  assert.ok(message.includes('token') && !message.includes('in-clear'))
})
