/** What the Node servers share; the counterpart of ../harness.py. */

export const CLIENT_ID = 'shop app'
// What the encodings of Basic credentials disagree about: a blank, a plus, a percent sign before hex digits.
export const CLIENT_SECRET = 's3cret +%41/&='
export const USERNAME = 'ada@example.org'
export const PASSWORD = 'pa ss+%3A&=;ü'

/** `--life SECONDS`: how long an access token lives. */
export const LIFE_SECS = Number(process.argv[process.argv.indexOf('--life') + 1] || 3600)

/** Requests by kind; the answer of `GET /_control/counts`. */
export const counts = { login: 0, refresh: 0, revoke: 0, api: 0, api_401: 0 }

export function countToken(grantType) {
  counts[grantType === 'refresh_token' ? 'refresh' : 'login'] += 1
}

/** Serves on a free loopback port, says where in one JSON line, ends when standard input does. */
export function serve(handler, paths = {}) {
  const server = handler.listen(0, '127.0.0.1', () => {
    const url = `http://127.0.0.1:${server.address().port}`
    const { token = '/token', revoke = '/revoke' } = paths
    const line = {
      url,
      token_url: url + token,
      revoke_url: url + revoke,
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      username: USERNAME,
      password: PASSWORD,
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  })
  process.stdin.resume()
  process.stdin.on('end', () => process.exit(0))
}
