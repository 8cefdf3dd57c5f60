'use strict'

const { Sandbox } = require('./lib/testing.cjs')

module.exports = { Sandbox }
