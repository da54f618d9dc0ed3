import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import createError from '@fastify/error'

export const EmbeddedPostgresError = createError<[string]>('EMBEDDED_POSTGRES', 'the embedded Postgres can’t be used: %s', 500)
export const EmbeddedPostgresInUseError = createError<[string]>('EMBEDDED_POSTGRES_IN_USE', 'another Freshet is running on %s; stop it first or choose another DATA_DIR', 409)

export interface EmbeddedPostgres {
  readonly url: string
  stop(): Promise<void>
}

interface Location {
  /** The data folder of the cluster. */
  readonly dir: string
  readonly passwordFile: string
}

const databaseName = 'freshet'
/** A killed server's children leave within about a second; until then the shared memory is taken. */
const startAttempts = 25
const retryMs = 200
/** A replica takes reading ones only. */
const ready = /ready to accept (read-only )?connections/

/**
 * Starts the Postgres that npm brought, making the cluster on the first call, and resolves once it takes connections.
 * It listens on a free loopback port and dies with this process. `onLog` is told what the server logs once it is ready.
 * @throws EmbeddedPostgresInUseError when another process serves the same folder; EmbeddedPostgresError otherwise
 */
export async function startEmbeddedPostgres (location: Location, onLog?: (text: string) => void): Promise<EmbeddedPostgres> {
  if (runningUrl(location) !== undefined) throw new EmbeddedPostgresInUseError(location.dir)
  const bin = await binaries()
  if (!existsSync(join(location.dir, 'PG_VERSION'))) initialise(bin, location)
  const { child, port } = await startServer(bin, location.dir)
  if (onLog !== undefined) child.stderr?.on('data', (chunk: Buffer) => onLog(chunk.toString()))
  return {
    url: urlOf(location, port),
    stop: () => new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) { resolve(); return }
      child.once('exit', () => resolve())
      // SIGINT is Postgres' fast shutdown: it ends sessions and writes a checkpoint.
      child.kill('SIGINT')
    })
  }
}

/** The address of the server that another process runs on this folder, if one does. */
export function runningUrl (location: Location): string | undefined {
  const pidFile = join(location.dir, 'postmaster.pid')
  if (!existsSync(pidFile)) return undefined
  const [pid, , , port] = readFileSync(pidFile, 'utf8').split('\n')
  return pid !== undefined && port !== undefined && isPostgres(Number(pid)) ? urlOf(location, Number(port)) : undefined
}

/** A pid left by a crash may belong to another program by now. */
function isPostgres (pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const commandLine = `/proc/${pid}/cmdline`
  return !existsSync(commandLine) || readFileSync(commandLine, 'utf8').includes('postgres')
}

function urlOf ({ passwordFile }: Location, port: number): string {
  return `postgresql://postgres:${readFileSync(passwordFile, 'utf8').trim()}@127.0.0.1:${port}/${databaseName}`
}

async function binaries (): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(name)
  } catch {
    throw new EmbeddedPostgresError(`${name} is not installed; run npm install without --omit=optional, or set DATABASE_URL`)
  }
  const root = dirname(dirname(entry))
  // npm may have been told not to run install scripts; without the links the server finds no libraries.
  const links: Array<{ target: string }> = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8'))
  if (links.some(({ target }) => !existsSync(join(root, target)))) {
    const cwd = process.cwd()
    process.chdir(root)
    await import(pathToFileURL(join(root, 'scripts', 'hydrate-symlinks.js')).href).finally(() => process.chdir(cwd))
  }
  return join(root, 'native', 'bin')
}

/** Makes the cluster beside its place and moves it there whole: a start that is killed in between leaves none, not half of one. */
function initialise (bin: string, { dir, passwordFile }: Location): void {
  mkdirSync(dirname(dir), { recursive: true, mode: 0o700 })
  mkdirSync(dirname(passwordFile), { recursive: true, mode: 0o700 })
  writeFileSync(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 })
  const made = mkdtempSync(`${dir}-new-`)
  const [command, args] = asServerUser(join(bin, 'initdb'), [
    '-D', made, '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-instructions'
  ])
  const result = spawnSync(command, args, { encoding: 'utf8' })
  if (result.status !== 0) throw new EmbeddedPostgresError(`initdb failed: ${result.error?.message ?? result.stderr.trim()}`)
  renameSync(made, dir)
}

async function startServer (bin: string, dir: string): Promise<{ readonly child: ChildProcess, readonly port: number }> {
  for (let attempt = 1; ; attempt++) {
    // Each time another one: what was free may have been taken by the time the server asks for it.
    const port = await freePort()
    const [command, args] = asServerUser(join(bin, 'postgres'), [
      '-D', dir, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'timezone=UTC', '-c', 'max_connections=100'
    ])
    // A process group of its own: Ctrl-C at the terminal must not end it before those that still need it.
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    const failure = await untilReady(child)
    if (failure === undefined) return { child, port }
    if (attempt === startAttempts) throw new EmbeddedPostgresError(failure)
    await new Promise((resolve) => setTimeout(resolve, retryMs))
  }
}

/** Resolves with what the server said when it ended instead. */
function untilReady (child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let log = ''
    const onData = (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-8_192)
      if (!ready.test(log)) return
      child.stderr?.off('data', onData).resume()
      resolve(undefined)
    }
    child.stderr?.on('data', onData)
    child.once('error', (error) => resolve(error.message))
    child.once('exit', () => resolve(log.trim()))
  })
}

/**
 * Postgres refuses root, so root gets a user namespace in which it is `nobody` (the files stay its own). `setpriv`
 * ends the server when this process dies, however it dies.
 */
function asServerUser (command: string, args: string[]): [string, string[]] {
  const dieWithUs = ['setpriv', '--pdeathsig', 'INT', '--', command, ...args]
  if (process.platform !== 'linux') return [command, args]
  if (userInfo().uid === 0) return ['unshare', ['--user', '--map-user=65534', '--map-group=65534', '--', ...dieWithUs]]
  return ['setpriv', dieWithUs.slice(1)]
}

function freePort (): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')))
    })
  })
}
