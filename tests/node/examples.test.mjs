// The programs in examples/node, against the sandbox.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { Sandbox } from 'evertoken/testing'

const here = fileURLToPath(new URL('.', import.meta.url))
const examples = join(here, '../../examples/node')

/** What each prints. */
const PROGRAMS = {
  'request.mjs': /^token login [0-9a-f]{8}\n200 application\/json \/api\/accounts\/123\n200 .+\nrefused: the token does not go to /,
  'fetch.mjs': /^Set\(1\) \{ 200 \} logins: 1\n$/,
  'undici.mjs': /^200 \/api\/accounts\/123\n$/,
  'axios.cjs': /^200 \/api\/accounts\/123\n$/,
  'got.mjs': /^200 \/api\/accounts\/123\n$/,
  'own_http.mjs': /^200 done\n$/,
  'sandbox.test.mjs': /^# fail 0$/m,
}

let sandbox
let folder
before(() => {
  sandbox = Sandbox.start()
  // Where the packages are that a reader would have installed.
  folder = mkdtempSync(join(tmpdir(), 'evertoken-examples-'))
  cpSync(examples, folder, { recursive: true, filter: (path) => !path.includes('node_modules') })
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'), 'junction')
})
beforeEach(() => sandbox.reset())
after(async () => {
  await sandbox.close()
  rmSync(folder, { recursive: true })
})

test('every program is known here', () => {
  assert.deepEqual(
    readdirSync(examples).filter((name) => /\.[cm]js$/.test(name)).toSorted(),
    Object.keys(PROGRAMS).toSorted(),
  )
})

for (const [name, expected] of Object.entries(PROGRAMS)) {
  test(name, async () => {
    const { server_key: key, server_secret: secret } = sandbox.credentials.pismo
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
    const env = { ...inherited, PISMO_SERVER_KEY: key, PISMO_SERVER_SECRET: secret, PISMO_BASE_URL: sandbox.url }
    const args = name.includes('.test.') ? ['--test', '--test-reporter=tap', name] : [name]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: folder, env })
    assert.equal(stderr, '')
    assert.match(stdout, expected)
    assert.ok(!stdout.includes(secret))
  })
}
