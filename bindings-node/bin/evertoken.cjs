#!/usr/bin/env node
'use strict'

const native = require('../lib/native.cjs')

// Node's own handlers raise a signal again until it kills; chained behind the command's they would do so for
// ever. With listeners Node leaves the end to the command.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})

process.exitCode = native.runCli(['evertoken', ...process.argv.slice(2)])
