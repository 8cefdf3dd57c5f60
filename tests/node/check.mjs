// Static checks of everything that is written for Node: lints, types, and the package as it would be published.

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

import { complaints } from './types/documented.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../..')
const tool = (path) => join(here, 'node_modules', path)
const scratch = mkdtempSync(join(tmpdir(), 'evertoken-check-'))
let failures = 0

function step(name, run) {
  const complaint = run()
  console.log(`${complaint ? 'FAILED' : 'ok    '} ${name}`)
  if (complaint) {
    console.log(complaint)
    failures += 1
  }
}

/** What a tool says if it is not content. */
function complaintOf(script, args, cwd = here) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd, encoding: 'utf8' })
  return status === 0 ? undefined : `${stdout}${stderr}`
}

step('eslint', () => complaintOf(tool('eslint/bin/eslint.js'), ['--config', join(here, 'eslint.config.mjs'), '--max-warnings', '0', 'bindings-node', 'tests/node', 'examples/node'], root))

const { main } = JSON.parse(execFileSync(process.execPath, [join(root, 'bindings-node/pack.mjs'), scratch], { encoding: 'utf8' }))
const modules = join(scratch, 'project/node_modules')
mkdirSync(join(modules, '@types'), { recursive: true })
execFileSync('tar', ['--extract', '--gzip', '--file', main, '--directory', modules])
cpSync(join(modules, 'package'), join(modules, 'evertoken'), { recursive: true })
symlinkSync(tool('@types/node'), join(modules, '@types/node'), 'junction')
cpSync(join(here, 'types'), join(scratch, 'project/types'), { recursive: true })
for (const library of ['axios', 'got', 'undici']) symlinkSync(tool(library), join(modules, library), 'junction')
for (const config of ['tsconfig.json', 'tsconfig.bundler.json']) {
  step(`tsc ${config}`, () => complaintOf(tool('typescript/bin/tsc'), ['--project', join(scratch, 'project/types', config)]))
}

step('documentation', () => complaints(['index', 'testing'].map((name) => join(root, `bindings-node/${name}.d.ts`))).join('\n'))

const { messages, pkg } = await publint({ pkgDir: join(modules, 'evertoken'), strict: true, pack: false })
step('publint', () => messages.map((message) => formatMessage(message, pkg)).join('\n'))
step('are the types wrong', () => complaintOf(tool('@arethetypeswrong/cli/dist/index.js'), [main, '--format', 'table-flipped']))

rmSync(scratch, { recursive: true })
process.exitCode = failures === 0 ? 0 : 1
