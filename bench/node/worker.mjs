// `worker.mjs ADAPTER CASE PORT CALLERS SECONDS` measures one adapter in one case and prints one line of JSON.
import { run } from './cases.mjs'
import { memoryKb } from './meter.mjs'
import { Server } from './server.mjs'

const bareKb = memoryKb('VmRSS') // no library is loaded yet
const ADAPTERS = {
  evertoken: 'ours:Request',
  evertoken_async: 'ours:Authorization',
  evertoken_fetch: 'ours:Fetch',
  evertoken_undici: 'ours:OverUndici',
  evertoken_axios: 'ours:OverAxios',
  evertoken_got: 'ours:OverGot',
  'google-auth-library': 'google:Google',
  'openid-client': 'openid:OpenidClient',
  'simple-oauth2': 'simple:SimpleOauth2',
  '@badgateway/oauth2-client': 'badgateway:Badgateway',
  '@azure/identity': 'azure:Azure',
  fetch: 'bare:Fetch',
  undici: 'bare:Undici',
  axios: 'bare:Axios',
  got: 'bare:Got',
  floor_check: 'floors:Check',
  floor_await: 'floors:Await',
  floor_empty: 'floors:NativeEmpty',
  floor_cached: 'floors:NativeCached',
}

const [name, kind, port, callers, seconds] = process.argv.slice(2)
const [module, exported] = ADAPTERS[name].split(':')
const { [exported]: Adapter } = await import(`./adapters/${module}.mjs`)
const plan = { case: kind, server: new Server(port), callers: Number(callers), seconds: Number(seconds), bareKb }
console.log(JSON.stringify(await run(Adapter, plan)))
// Some libraries' timers and pools would keep the process for a while.
process.exit()
