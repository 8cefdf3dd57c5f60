#!/usr/bin/env node
'use strict'

const native = require('../lib/native.cjs')

// The command blocks this thread and handles these itself. Node's own handlers would raise the signal again from
// within the command's, for ever; a listener takes their place.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})

process.exit(native.runCli(['evertoken', ...process.argv.slice(2)]))
