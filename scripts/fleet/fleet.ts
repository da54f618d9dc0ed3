import { join, resolve } from 'node:path'
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.ts'
import { freePort } from '../../test/support/process.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import { type FleetProcess, ready, startFleetProcess } from './fleet-process.ts'
import { startFleetStore } from './fleet-store.ts'

export interface FleetOptions {
  /** Everything of the fleet lives here: database, music, keys, logs. */
  readonly dataDir: string
  readonly web: number
  readonly workers: number
  /** Of the balancer; 0 takes a free one. */
  readonly port?: number
  /** Keeps the music in an S3 server in memory, instead of in the folder. */
  readonly s3?: boolean
  readonly checkMs?: number
  /** Further settings of every process. */
  readonly env?: Readonly<Record<string, string>>
}

export interface WebInstance extends FleetProcess {
  /** Past the balancer. */
  readonly url: string
  readonly slot: string
}

/** `deregister-first` is how an instance refresh goes; with `signal-first` the balancer finds out by itself. */
export type RemovalOrder = 'deregister-first' | 'signal-first'

/** Several processes of the one program, behind a balancer: what runs in AWS, on one machine. */
export interface Fleet {
  readonly url: string
  readonly databaseUrl: string
  readonly balancer: Balancer
  web(): readonly WebInstance[]
  workers(): readonly FleetProcess[]
  addWeb(): Promise<WebInstance>
  addWorker(): Promise<FleetProcess>
  /** Ends an instance in good order. Returns the code it ended with. */
  removeWeb(instance: WebInstance, order?: RemovalOrder): Promise<number | string>
  removeWorker(worker: FleetProcess): Promise<number | string>
  /** The new one takes requests before the old one goes, as in a refresh that keeps 100 % healthy. */
  replaceWeb(instance: WebInstance, order?: RemovalOrder): Promise<WebInstance>
  /** kill -9: whoever is connected is cut off, and the balancer finds out by itself. */
  killWeb(instance: WebInstance): Promise<void>
  /** Of the link for the first admin, as the last instance that started has made it. */
  setupToken(): string | undefined
  stop(): Promise<void>
}

/** Two checks that fail must fit into the 5 s for which a draining instance goes on. */
const defaultCheckMs = 1_000
/** As deregistration_delay in infra/. */
const deregistrationMs = 30_000
/** The embedded Postgres takes 100; a process has some besides its pool. */
const connections = 90
const connectionsBesides = 4

/** Starts the fleet; resolves when every instance takes requests. What was started is ended when something fails. */
export async function startFleet (options: FleetOptions): Promise<Fleet> {
  const closers: Array<() => Promise<void>> = []
  const stop = async () => { for (const close of closers.splice(0).toReversed()) await close() }
  try {
    const fleet = await openFleet(options, closers)
    // One after the other: the first migrates, and the last one’s link for the first admin is the one that is good.
    for (let count = 0; count < options.web; count++) await fleet.addWeb()
    await Promise.all(Array.from({ length: options.workers }, () => fleet.addWorker()))
    return { ...fleet, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openFleet (options: FleetOptions, closers: Array<() => Promise<void>>): Promise<Omit<Fleet, 'stop'>> {
  const dataDir = resolve(options.dataDir)
  const postgres = await startEmbeddedPostgres({ dir: join(dataDir, 'postgres'), passwordFile: join(dataDir, 'secrets', 'postgres-password') })
  closers.push(() => postgres.stop())
  const store = await startFleetStore(options.s3 ?? false)
  closers.push(() => store.stop())
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port
  const balancer = await startBalancer({ dir: join(dataDir, 'balancer'), port, checkMs: options.checkMs ?? defaultCheckMs })
  closers.push(() => balancer.stop())
  const env = {
    DATA_DIR: dataDir,
    DATABASE_URL: postgres.url,
    DATABASE_POOL: String(Math.max(2, Math.min(10, Math.floor(connections / (options.web + options.workers + 1)) - connectionsBesides))),
    PUBLIC_URL: balancer.url,
    TRUST_PROXY: '127.0.0.1/32',
    LOG_LEVEL: 'warn',
    ...store.env,
    ...options.env
  }
  const logDir = join(dataDir, 'logs')
  const web: WebInstance[] = []
  const workers: FleetProcess[] = []
  closers.push(async () => { await Promise.all([...web, ...workers].map(endNow)) })
  return { url: balancer.url, databaseUrl: postgres.url, balancer, ...members({ balancer, env, logDir, web, workers }) }
}

interface Members {
  readonly balancer: Balancer
  readonly env: Readonly<Record<string, string>>
  readonly logDir: string
  readonly web: WebInstance[]
  readonly workers: FleetProcess[]
}

function members ({ balancer, env, logDir, web, workers }: Members) {
  let started = { web: 0, worker: 0 }
  let token: string | undefined
  const addWeb = async (): Promise<WebInstance> => {
    started = { ...started, web: started.web + 1 }
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const instance = await startFleetProcess({ name: `web-${started.web}`, logDir, env: { ...env, FRESHET_ROLE: 'web', HOST: '127.0.0.1', PORT: String(port), INSTANCE_ID: `web-${started.web}` } })
    await ready(instance, () => fetch(`${url}/readyz`).then(({ ok }) => ok && instance.output().includes('Freshet is open at'), () => false))
    token = /setup#token=(\S+)/.exec(instance.output())?.[1] ?? token
    const member = { ...instance, url, slot: await balancer.register(port) }
    web.push(member)
    return member
  }
  const removeWeb = async (instance: WebInstance, order: RemovalOrder = 'deregister-first') => {
    if (order === 'deregister-first') await balancer.drain(instance.slot, deregistrationMs)
    instance.kill('SIGTERM')
    const outcome = await instance.ended
    await forget(instance)
    return outcome
  }
  const forget = async (instance: WebInstance) => {
    await balancer.remove(instance.slot)
    drop(web, instance)
  }
  return {
    web: () => [...web],
    workers: () => [...workers],
    setupToken: () => token,
    addWeb,
    removeWeb,
    async replaceWeb (instance: WebInstance, order?: RemovalOrder) {
      const next = await addWeb()
      await removeWeb(instance, order)
      return next
    },
    async killWeb (instance: WebInstance) {
      instance.kill('SIGKILL')
      await instance.ended
      drop(web, instance)
    },
    async addWorker () {
      started = { ...started, worker: started.worker + 1 }
      const worker = await startFleetProcess({ name: `worker-${started.worker}`, logDir, env: { ...env, FRESHET_ROLE: 'worker', INSTANCE_ID: `worker-${started.worker}` } })
      workers.push(worker)
      return worker
    },
    async removeWorker (worker: FleetProcess) {
      worker.kill('SIGTERM')
      const outcome = await worker.ended
      drop(workers, worker)
      return outcome
    }
  }
}

function drop<T> (list: T[], member: T): void {
  const at = list.indexOf(member)
  if (at !== -1) list.splice(at, 1)
}

/** Nobody is to be served any more, so nothing is waited for: SIGINT is Ctrl-C, which doesn’t drain. */
async function endNow (member: FleetProcess): Promise<void> {
  member.kill('SIGINT')
  const timer = setTimeout(() => member.kill('SIGKILL'), 10_000)
  await member.ended
  clearTimeout(timer)
}
