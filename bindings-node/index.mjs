import evertoken from './index.cjs'

export const { Authorization, Client, ClientResponse, ERROR_CODES, EvertokenError, StreamedResponse, Token } = evertoken
