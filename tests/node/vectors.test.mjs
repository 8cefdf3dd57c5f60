// Every conformance vector, through both clients of this binding: the core's own and fetch.

import { after, before, describe, test } from 'node:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Sandbox } from 'evertoken/testing'

import { Place, Run } from './conformance/runner.mjs'

const folder = new URL('../vectors/', import.meta.url)
const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
const skipped = read('skip.json').node ?? {}
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && name !== 'skip.json')
  .map(read)

/** Where the platform's fetch has its own TLS settings, its own words or its own rules. */
const NOT_FOR_FETCH = {
  redirect_circle: 'fetch rejects with a TypeError',
  request_deadline: "fetch rejects with its signal's reason",
  request_deadline_covers_the_login: "fetch rejects with its signal's reason",
  request_header_with_line_break_is_refused: 'Headers rejects it with a TypeError',
  request_reset: 'fetch rejects with a TypeError',
  request_user_agent: 'fetch sends its own',
  tls_ca_file_and_client_certificate: "fetch trusts the platform's authorities",
  verdict_407: 'the fetch standard makes a network error of 407',
}
const isForFetch = ({ name, steps }) => steps?.some((step) => step.do === 'request') && !(name in NOT_FOR_FETCH)

for (const sender of ['request', 'fetch']) {
  describe(`vectors, ${sender}`, () => {
    let sandbox
    let files
    let place

    before(() => {
      for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']) delete process.env[name]
      sandbox = Sandbox.start({ https: true, client_cert: true })
      files = mkdtempSync(join(tmpdir(), 'evertoken-vectors-'))
      place = new Place(sandbox, files)
    })
    after(async () => {
      await sandbox.close()
      rmSync(files, { recursive: true })
    })

    for (const vector of vectors) {
      if (sender === 'fetch' && !isForFetch(vector)) continue
      test(vector.name, { skip: skipped[vector.name] }, () => new Run(place, vector, sender).run())
    }
  })
}
