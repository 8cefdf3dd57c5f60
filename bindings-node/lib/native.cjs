'use strict'

// Loads the native module: a local build in this package, or the package for this platform.

const { existsSync } = require('node:fs')
const { createRequire } = require('node:module')
const { isAbsolute, join } = require('node:path')

const { version } = require('../package.json')

/**
 * The `require` functions that look for the platform's package. Not this module's own, which bundlers replace by one that finds only
 * what is in the bundle. Also one that begins at the program, because some bundlers give this file a path that does not exist.
 */
const FINDERS = [__filename, process.argv[1]].filter((file) => file !== undefined && isAbsolute(file)).map((file) => createRequire(file))

/** The builds that may work on a platform, the likeliest first. On Linux it depends on the C library, so both are tried. */
const CANDIDATES = {
  'linux-x64': ['linux-x64-gnu', 'linux-x64-musl'],
  'linux-arm64': ['linux-arm64-gnu', 'linux-arm64-musl'],
  'darwin-x64': ['darwin-x64'],
  'darwin-arm64': ['darwin-arm64'],
  'win32-x64': ['win32-x64-msvc'],
}

function load() {
  const here = `${process.platform}-${process.arch}`
  const tried = []
  for (const candidate of CANDIDATES[here] ?? []) {
    const local = join(__dirname, '..', `evertoken.${candidate}.node`)
    const place = existsSync(local) ? local : `evertoken-${candidate}`
    try {
      return agreeing(found(place), place)
    } catch (error) {
      tried.push({ place, error })
    }
  }
  throw explained(here, tried)
}

function found(place) {
  const [first, ...others] = FINDERS
  try {
    return first(place)
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    for (const find of others) {
      try {
        return find(place)
      } catch {
        // The first error is the one to throw.
      }
    }
    throw error
  }
}

function agreeing(native, place) {
  if (native.version() === version) return native
  throw new Error(`it is version ${native.version()}, this package is ${version}: install both in the same version (from ${place})`)
}

function explained(here, tried) {
  const lines = [`evertoken has no native half for this machine (${here}${libc()}, Node ${process.versions.node}).`]
  for (const { place, error } of tried) {
    const missing = error.code === 'MODULE_NOT_FOUND'
    lines.push(`  ${place}: ${missing ? 'not installed' : error.message.split('\n')[0]}`)
  }
  if (tried.length === 0) {
    lines.push(`  There is no build for it. Supported: ${Object.values(CANDIDATES).flat().join(', ')}.`)
  } else if (tried.every(({ error }) => error.code === 'MODULE_NOT_FOUND')) {
    lines.push(
      '  It comes as an optional dependency. It is missing if npm ran with --omit=optional or --no-optional, if node_modules was',
      '  copied from another platform, or if the lock file was made on one. Remove node_modules, install again without those flags.',
      '  A bundle has to find it in a node_modules beside it or above it when it runs.',
    )
  }
  lines.push('  From a checkout of the repository, `node bindings-node/build.mjs --release` builds it (Rust is needed).')
  const error = new Error(lines.join('\n'), { cause: tried.at(-1)?.error })
  error.code = 'EVERTOKEN_NATIVE_MISSING'
  return error
}

/** The C library. Only for the message, because finding it takes some milliseconds. */
function libc() {
  if (process.platform !== 'linux') return ''
  const { glibcVersionRuntime } = process.report?.getReport().header ?? {}
  return glibcVersionRuntime ? `, glibc ${glibcVersionRuntime}` : ', musl'
}

module.exports = load()
