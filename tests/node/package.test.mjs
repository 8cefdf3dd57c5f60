// The packages as they are published: packed, installed in a project of its own, used from there.

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const source = join(here, '../../bindings-node')
const require = createRequire(import.meta.url)
const { version } = require('../../bindings-node/package.json')

let scratch
let tarballs
const project = () => join(scratch, 'project')

function npm(args, cwd) {
  // Nothing is to be fetched: what is installed is what was packed.
  return execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--cache', join(scratch, 'cache')], { cwd, encoding: 'utf8', shell: process.platform === 'win32' })
}

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'evertoken-package-'))
  tarballs = JSON.parse(execFileSync(process.execPath, [join(source, 'pack.mjs'), scratch], { encoding: 'utf8' }))
  mkdirSync(project())
  writeFileSync(join(project(), 'package.json'), '{ "name": "scratch", "private": true }\n')
  npm(['install', '--omit=optional', tarballs.main, tarballs.platform], project())
})
after(() => rmSync(scratch, { recursive: true }))

/** Runs a program of the project. */
function run(name, text) {
  writeFileSync(join(project(), name), text)
  return execFileSync(process.execPath, [name], { cwd: project(), encoding: 'utf8' }).trim()
}

const PROGRAM = `
async function main() {
  const sandbox = Sandbox.start()
  const client = sandbox.pismo()
  const { status } = await client.request('GET', '/pismo/api/x')
  const error = await client.token({ signal: AbortSignal.abort() }).catch((error) => error)
  await sandbox.close()
  console.log(status, error instanceof EvertokenError, error.code)
}
main()
`

test('works as an ES module', () => {
  assert.equal(run('program.mjs', `import { Client, EvertokenError } from 'evertoken'\nimport { Sandbox } from 'evertoken/testing'\n${PROGRAM}`), '200 true cancelled')
})

test('works in CommonJS', () => {
  assert.equal(run('program.cjs', `const { Client, EvertokenError } = require('evertoken')\nconst { Sandbox } = require('evertoken/testing')\n${PROGRAM}`), '200 true cancelled')
})

test('has the same exports both ways', async () => {
  const text = `import * as esm from 'evertoken'; import { createRequire } from 'node:module'
const cjs = createRequire(import.meta.url)('evertoken')
console.log(JSON.stringify([Object.keys(esm).filter((name) => name !== 'default').sort(), Object.keys(cjs).sort(), Object.keys(cjs).every((name) => esm[name] === cjs[name])]))`
  const [esm, cjs, same] = JSON.parse(run('exports.mjs', text))
  assert.deepEqual(esm, cjs)
  assert.ok(same)
})

test('finds its native half from within a bundle', () => {
  const program = `
    const { readFileSync } = require('node:fs')
    const { isBuiltin } = require('node:module')
    const { dirname } = require('node:path')
    function packed(name) {
      if (isBuiltin(name)) return require(name)
      if (name.endsWith('package.json')) return { version: ${JSON.stringify(version)} }
      throw new Error(name + ' was not packed')
    }
    // A bundle says where it stands itself, or where its module stood on another machine.
    for (const file of [__filename, '/ROOT/node_modules/evertoken/lib/native.cjs']) {
      const native = { exports: {} }
      const text = readFileSync('node_modules/evertoken/lib/native.cjs', 'utf8')
      new Function('require', 'module', '__filename', '__dirname', text)(packed, native, file, dirname(file))
      console.log(native.exports.version())
    }`
  assert.equal(run('bundle.cjs', program), `${version}\n${version}`)
})

test('brings the command', () => {
  const told = npm(['exec', '--', 'evertoken', '--version'], project())
  assert.equal(told.trim(), `evertoken ${version}`)
  const { status, stderr } = spawnSync(process.execPath, [join(project(), 'node_modules/evertoken/bin/evertoken.cjs'), 'no-such-command'], { encoding: 'utf8' })
  assert.equal(status, 2)
  assert.match(stderr, /no-such-command/)
})

describe('what is published', () => {
  const published = () => JSON.parse(readFileSync(join(project(), 'node_modules/evertoken/package.json'), 'utf8'))

  test('is small', () => {
    assert.ok(statSync(tarballs.main).size < 100_000)
    const binary = readdirSync(source).find((name) => name.endsWith('.node'))
    // Builds for tests are many times the size of what build.mjs --release makes.
    const isPublished = statSync(join(source, binary)).size < 8_000_000
    if (isPublished) assert.ok(statSync(tarballs.platform).size < 3_000_000)
  })

  test('holds no binary, no source, no script', () => {
    const files = readdirSync(join(project(), 'node_modules/evertoken'), { recursive: true })
    assert.deepEqual(files.filter((name) => /\.(node|rs|toml)$/.test(name)), [])
    assert.equal(published().scripts, undefined)
    for (const name of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'index.d.ts', 'types/options.d.ts']) assert.ok(files.includes(name), name)
  })

  test('names the platform packages, each true to its manifest and to the loader', () => {
    const loader = readFileSync(join(source, 'lib/native.cjs'), 'utf8')
    const names = readdirSync(join(source, 'npm'))
    assert.deepEqual(published().optionalDependencies, Object.fromEntries(names.map((name) => [`evertoken-${name}`, version])))
    for (const name of names) {
      const manifest = JSON.parse(readFileSync(join(source, 'npm', name, 'package.json'), 'utf8'))
      const [os, cpu, libc] = name.split('-')
      assert.equal(manifest.name, `evertoken-${name}`)
      assert.equal(manifest.version, version)
      assert.equal(manifest.main, `evertoken.${name}.node`)
      assert.deepEqual([manifest.os, manifest.cpu], [[os], [cpu]])
      assert.deepEqual(manifest.libc, os === 'linux' ? [libc === 'musl' ? 'musl' : 'glibc'] : undefined)
      assert.ok(loader.includes(`'${name}'`), name)
    }
  })
})

describe('a missing native half', () => {
  /** What loading says where the platform package is not what it should be. */
  function complaint(prepare) {
    const place = join(scratch, `broken-${prepare.name}`)
    cpSync(join(project(), 'node_modules'), join(place, 'node_modules'), { recursive: true, verbatimSymlinks: true })
    prepare(join(place, 'node_modules'))
    const { status, stderr } = spawnSync(process.execPath, ['-e', "require('evertoken')"], { cwd: place, encoding: 'utf8' })
    assert.equal(status, 1)
    return stderr
  }
  const platformPackage = (modules) => join(modules, readdirSync(modules).find((name) => name.startsWith('evertoken-')))

  test('is explained: not installed', () => {
    const told = complaint(function absent(modules) {
      rmSync(platformPackage(modules), { recursive: true })
    })
    assert.match(told, new RegExp(`no native half for this machine \\(${process.platform}-${process.arch}`))
    assert.match(told, /--omit=optional/)
    assert.match(told, /build\.mjs --release/)
    assert.match(told, /EVERTOKEN_NATIVE_MISSING/)
  })

  test('is explained: broken', () => {
    const told = complaint(function broken(modules) {
      const place = platformPackage(modules)
      writeFileSync(join(place, readdirSync(place).find((name) => name.endsWith('.node'))), 'no library')
    })
    assert.match(told, /evertoken-\S+: .*(invalid ELF|file too short|not a mach-o|not a valid)/i)
  })

  test('is explained: another version', () => {
    const told = complaint(function older(modules) {
      const manifest = join(modules, 'evertoken/package.json')
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`"version": "${version}"`, '"version": "9.9.9"'))
    })
    assert.match(told, /it is version \S+, this package is 9\.9\.9/)
  })
})

test('the command ends by a signal and by the end of its input', { skip: process.platform === 'win32' }, async () => {
  const command = join(project(), 'node_modules/evertoken/bin/evertoken.cjs')
  for (const end of [(child) => child.kill('SIGINT'), (child) => child.kill('SIGTERM'), (child) => child.stdin.end()]) {
    const child = spawn(process.execPath, [command, 'sandbox', '--until-stdin-closes'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const [line] = await once(child.stdout, 'data')
    assert.ok(JSON.parse(line).url)
    end(child)
    assert.deepEqual(await once(child, 'exit'), [0, null])
  }
})
