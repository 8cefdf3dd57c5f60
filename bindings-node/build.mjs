// Builds the native half from source and puts it beside this package, where the loader looks first.
//
//   node build.mjs                 debug, for tests
//   node build.mjs --release       as it is published
//   node build.mjs --if-possible   does nothing where cargo or the sources are missing
//
// CARGO_TARGET_DIR is honoured. The addon is a plain shared library: no build tool besides cargo is needed.

import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { platformName } from './platform.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options } = parseArgs({
  options: { release: { type: 'boolean', default: false }, 'if-possible': { type: 'boolean', default: false } },
})

const LIBRARY = { linux: 'libevertoken_node.so', darwin: 'libevertoken_node.dylib', win32: 'evertoken_node.dll' }

function missing() {
  if (LIBRARY[process.platform] === undefined) return `no build for ${process.platform}`
  if (!existsSync(join(here, 'Cargo.toml'))) return 'the sources are not here'
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).status !== 0) return 'cargo is not installed (https://rustup.rs)'
  return undefined
}

const lack = missing()
if (lack !== undefined) {
  console.error(`evertoken: not built from source: ${lack}`)
  process.exit(options['if-possible'] ? 0 : 1)
}

// Its own profile: see the workspace's Cargo.toml.
const profile = options.release ? 'node' : 'dev'
execFileSync('cargo', ['build', '--package', 'evertoken-node', '--profile', profile], { cwd: here, stdio: 'inherit' })

const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--format-version', '1', '--no-deps'], { cwd: here, maxBuffer: 2 ** 26 }))
const built = join(metadata.target_directory, options.release ? 'node' : 'debug', LIBRARY[process.platform])
const place = join(here, `evertoken.${platformName()}.node`)
// By way of another name: a program that has the old one loaded keeps it whole.
copyFileSync(built, `${place}.new`)
renameSync(`${place}.new`, place)
console.error(`evertoken: built ${place}`)
