// Makes the packages as they are published: the main one without a binary and, where one is built, this machine's
// platform package.
//
//   node pack.mjs FOLDER
//
// The main package names the platform packages as optional dependencies. That happens here and not in its
// package.json, so that an install in the repository looks for nothing that it is about to build.
// Prints one JSON line with the paths.

import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { platformName } from './platform.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: node pack.mjs FOLDER')

const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
const stage = mkdtempSync(join(tmpdir(), 'evertoken-pack-'))

function packed(name, fill) {
  const place = join(stage, name)
  mkdirSync(place)
  fill(place)
  for (const license of ['LICENSE-APACHE', 'LICENSE-MIT']) copyFileSync(join(here, '..', license), join(place, license))
  mkdirSync(resolve(folder), { recursive: true })
  // Through the shell npm is found on every system.
  const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', resolve(folder)], { cwd: place, shell: process.platform === 'win32' })
  const [{ filename }] = Object.values(JSON.parse(output))
  return join(resolve(folder), filename)
}

const manifest = read(join(here, 'package.json'))
const platforms = readdirSync(join(here, 'npm')).map((name) => read(join(here, 'npm', name, 'package.json')))

const main = packed('evertoken', (place) => {
  for (const name of readdirSync(here)) {
    if (['bin', 'lib', 'types', 'README.md'].includes(name) || /^(index|testing)\./.test(name)) cpSync(join(here, name), join(place, name), { recursive: true })
  }
  const { scripts: _, ...published } = manifest
  published.optionalDependencies = Object.fromEntries(platforms.map(({ name, version }) => [name, version]))
  writeFileSync(join(place, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
})

const name = platformName()
const binary = `evertoken.${name}.node`
const platform = existsSync(join(here, binary))
  ? packed('platform', (place) => {
      copyFileSync(join(here, binary), join(place, binary))
      copyFileSync(join(here, 'npm', name, 'package.json'), join(place, 'package.json'))
    })
  : null

rmSync(stage, { recursive: true })
console.log(JSON.stringify({ main, platform }))
