'use strict'

// Finds the function that sends an axios request. axios finds it by name with `getAdapter`, which only the module has, not the
// instances that it creates. If an instance's module cannot be found, a request goes through a bare second instance, which has
// the same effect and is slower.

/**
 * Returns `finder(named)`, which returns `find(config)`, which returns the adapter function, or a promise of it for the first
 * requests.
 */
function adapterFinder(instance) {
  const source = new AdapterSource(instance)
  return (named) => {
    if (typeof named === 'function') return () => named
    let settled
    return (config) => {
      if (settled !== undefined) return settled
      const adapter = source.adapter(named, config)
      if (source.isHttp(adapter, config)) settled = adapter
      return adapter
    }
  }
}

class AdapterSource {
  #instance
  /** The module axios, once it is found. */
  #axios
  /** The search for it, a promise; null once it has ended. */
  #search
  #bare

  constructor(instance) {
    this.#instance = instance
    if (typeof instance.getAdapter === 'function') this.#axios = instance
  }

  adapter(named, config) {
    this.#axios ??= loaded(config.headers.constructor)
    if (this.#axios !== undefined) return this.#axios.getAdapter(named, config)
    if (this.#search === null) return this.#bareAdapter(named)
    this.#search ??= imported(config.headers.constructor).then((axios) => {
      this.#axios = axios
      this.#search = null
    })
    return this.#search.then(() => this.adapter(named, config))
  }

  /** Whether this is axios' adapter for Node's `http`, which is the same for all requests; that for fetch depends on the config. */
  isHttp(adapter, config) {
    return typeof adapter === 'function' && this.#axios?.getAdapter(['http', none], config) === adapter
  }

  /** Sends through an instance without interceptors and transforms, which have run already. */
  #bareAdapter(named) {
    if (this.#bare === undefined) {
      this.#bare = this.#instance.create({ transformRequest: [], transformResponse: [] })
      this.#bare.defaults.headers = {}
    }
    return async (config) => {
      try {
        const response = await this.#bare.request({ ...config, headers: config.headers.toJSON(), adapter: named, transformRequest: [], transformResponse: [] })
        return Object.assign(response, { config })
      } catch (error) {
        // The bare instance's copy of the config contains the header.
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

/** Stands for an adapter where axios has none. */
function none() {}

function isOf(axios, AxiosHeaders) {
  return axios?.AxiosHeaders === AxiosHeaders && typeof axios.getAdapter === 'function'
}

module.exports = { adapterFinder }
