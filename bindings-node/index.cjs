'use strict'

const { Authorization } = require('./lib/authorization.cjs')
const { Client } = require('./lib/client.cjs')
const { ERROR_CODES, EvertokenError } = require('./lib/errors.cjs')
const { ClientResponse, StreamedResponse } = require('./lib/request.cjs')
const { Token } = require('./lib/token.cjs')

module.exports = { Authorization, Client, ClientResponse, ERROR_CODES, EvertokenError, StreamedResponse, Token }
