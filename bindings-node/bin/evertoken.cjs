#!/usr/bin/env node
'use strict'

const native = require('../lib/native.cjs')

process.exitCode = native.runCli(['evertoken', ...process.argv.slice(2)])
