// The test kit under the test runners that people use: node:test is this one, and examples/node has a test that is run.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = fileURLToPath(new URL('.', import.meta.url))

/** What a runner says, in a process of its own; a failed test rejects. */
async function ran(script, args) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args], { cwd: here, env: { ...env, CI: '1', NO_COLOR: '1', FORCE_COLOR: '0' } })
  return stdout + stderr
}

test('vitest', async () => {
  assert.match(await ran('node_modules/vitest/vitest.mjs', ['run', 'vitest.test.mjs', '--root', 'runners', '--pool', 'forks']), /Tests +3 passed \(3\)/)
})

test('jest', async () => {
  assert.match(await ran('node_modules/jest/bin/jest.js', ['--rootDir', 'runners', '--testMatch', '**/*.test.cjs', '--no-watchman', '--ci']), /Tests: +3 passed, 3 total/)
})
