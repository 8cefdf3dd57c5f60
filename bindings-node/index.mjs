import evertoken from './index.cjs'

export const { Client, ClientResponse, ERROR_CODES, EvertokenError, StreamedResponse, Token } = evertoken
