// The command as npm installs it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const require = createRequire(import.meta.url)
const command = require.resolve('evertoken/package.json').replace(/package\.json$/, 'bin/evertoken.cjs')

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`the sandbox prints one line and ends at ${signal}`, async () => {
    const sandbox = spawn(process.execPath, [command, 'sandbox'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(sandbox.stdout.setEncoding('utf8'), 'data')
    assert.match(JSON.parse(line).url, /^http:\/\/127\.0\.0\.1:\d+$/)
    sandbox.kill(signal)
    assert.deepEqual(await once(sandbox, 'exit'), [0, null])
  })
}
