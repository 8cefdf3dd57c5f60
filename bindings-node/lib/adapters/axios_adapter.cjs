'use strict'

// The function that really sends an axios request. axios turns the name of its adapter into one by `getAdapter`, which
// only the module has and not the instances that it creates. Where the module that an instance comes from cannot be
// found, a request goes through a bare instance, which does the same and takes longer over it.

/** Gives `find(named, config)`: the adapter function, or a promise of it for the first requests. */
function adapterFinder(instance) {
  const found = new Found(instance)
  return (named, config) => (typeof named === 'function' ? named : found.adapter(named, config))
}

class Found {
  #instance
  /** axios, or null where it is not to be had. */
  #axios
  #looking
  #bare

  constructor(instance) {
    this.#instance = instance
    if (typeof instance.getAdapter === 'function') this.#axios = instance
  }

  adapter(named, config) {
    this.#axios ??= loaded(config.headers.constructor)
    if (this.#axios !== undefined) return this.#axios.getAdapter(named, config)
    if (this.#looking === null) return this.#sender(named)
    this.#looking ??= imported(config.headers.constructor).then((axios) => {
      this.#axios = axios
      this.#looking = null
    })
    return this.#looking.then(() => this.adapter(named, config))
  }

  /** Interceptors and transforms have run by then: the bare instance has none. */
  #sender(named) {
    if (this.#bare === undefined) {
      this.#bare = this.#instance.create({ transformRequest: [], transformResponse: [] })
      this.#bare.defaults.headers = {}
    }
    return async (config) => {
      try {
        const response = await this.#bare.request({ ...config, headers: config.headers.toJSON(), adapter: named, transformRequest: [], transformResponse: [] })
        return Object.assign(response, { config })
      } catch (error) {
        // Its own copy of the config holds the header.
        for (const holder of [error, error?.response]) if (holder?.config !== undefined) holder.config = config
        throw error
      }
    }
  }
}

/** axios as a CommonJS program has loaded it, if its headers are of this class. */
function loaded(AxiosHeaders) {
  for (const [path, { exports }] of Object.entries(require.cache)) {
    if (path.includes('axios') && isOf(exports, AxiosHeaders)) return exports
  }
  return undefined
}

/** axios as an ES module beside this package, if its headers are of this class. */
async function imported(AxiosHeaders) {
  try {
    const { default: axios } = await import('axios')
    return isOf(axios, AxiosHeaders) ? axios : undefined
  } catch {
    return undefined
  }
}

function isOf(axios, AxiosHeaders) {
  return axios?.AxiosHeaders === AxiosHeaders && typeof axios.getAdapter === 'function'
}

module.exports = { adapterFinder }
