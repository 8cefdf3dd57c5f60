// All tests of the Node package: `npm test`. Names of test files as arguments run those only.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const asked = process.argv.slice(2)
const files = asked.length > 0 ? asked : readdirSync(here).filter((name) => name.endsWith('.test.mjs'))

// Loopback traffic has no business with a proxy.
const { HTTP_PROXY: _, HTTPS_PROXY: __, ALL_PROXY: ___, http_proxy: ____, https_proxy: _____, all_proxy: ______, ...env } = process.env
const { status } = spawnSync(process.execPath, ['--test', '--test-timeout=300000', ...files], { cwd: here, stdio: 'inherit', env })
process.exitCode = status ?? 1
