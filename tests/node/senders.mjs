// Every way of this package to send a request, as functions of one form, with the real libraries.

import axios from 'axios'
import got from 'got'
import * as undici7 from 'undici'
import * as undici6 from 'undici6'

/** The package's own ways, as `open(client) -> send(path, { method, headers, body, signal }) -> { status, text, answer }`. */
export const OWN = {
  request: (client) => async (url, { method = 'GET', ...options } = {}) => {
    const answer = await client.request(method, url, options)
    return { status: answer.status, text: answer.text(), answer }
  },
  fetch: (client) => over((...args) => client.fetch(...args)),
  wrapFetch: (client) => over(client.wrapFetch(globalThis.fetch)),
}

/** The adapters. */
export const ADAPTERS = {
  'undici 7': undici(undici7),
  'undici 6': undici(undici6),
  axios: (client) => overAxios(axios, client),
  'axios, an instance': (client) => overAxios(axios.create({ validateStatus: null, transformResponse: [] }), client),
  got: (client) => {
    const instance = got.extend({ hooks: client.gotHooks(), throwHttpErrors: false, retry: { limit: 0 } })
    return async (url, { method = 'GET', headers, body, signal } = {}) => {
      const answer = await instance(new URL(url, client.baseUrl), { method, headers, body, signal })
      return { status: answer.statusCode, text: answer.body, answer }
    }
  },
}

export const SENDERS = { ...OWN, ...ADAPTERS }

function over(fetch) {
  return async (url, options = {}) => {
    const isStream = typeof options.body?.pipe === 'function' || typeof options.body?.getReader === 'function'
    const answer = await fetch(url, isStream ? { ...options, duplex: 'half' } : options)
    return { status: answer.status, text: await answer.text(), answer }
  }
}

function undici({ Agent, interceptors, request }) {
  return (client) => {
    const dispatcher = new Agent().compose(client.undiciInterceptor(), interceptors.redirect({ maxRedirections: 5 }))
    return async (url, options = {}) => {
      const answer = await request(new URL(url, client.baseUrl), { dispatcher, ...options })
      return { status: answer.statusCode, text: await answer.body.text(), answer }
    }
  }
}

/** axios itself and its instances find their adapters in different ways, so both are tested. */
function overAxios(instance, client) {
  instance.interceptors.request.clear()
  client.attachAxios(instance)
  const own = instance === axios ? { validateStatus: null, transformResponse: [] } : {}
  return async (url, { method = 'GET', headers, body, signal } = {}) => {
    const answer = await instance.request({ ...own, url, method, headers, data: body, signal })
    return { status: answer.status, text: answer.data, answer }
  }
}
