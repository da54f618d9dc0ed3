import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import createError from '@fastify/error'

/** A helper process never began its work: no file can be to blame. */
export const MediaHelperError = createError<[string]>('MEDIA_HELPER', 'no process could be started to read media: %s', 503)

/** What a helper process may use at most. */
export interface ProcessCaps {
  /** `address-space` counts every mapping; `data` only writable memory, for V8, which reserves far more than it uses. */
  readonly memory: { readonly kind: 'address-space' | 'data', readonly bytes: number }
  readonly cpuSeconds?: number
  readonly fileBytes: number
}

/** Where util-linux lives in every distribution we know. */
const setpriv = '/usr/bin/setpriv'
const prlimit = '/usr/bin/prlimit'
/** Helpers give way to the web server where both share a machine. */
const niceness = '10'

/**
 * The words to put before a command so that it dies with us, yields to us and can't take the machine down.
 * Off Linux, a place for development only, it merely yields.
 * @throws MediaHelperError when a Linux machine lacks util-linux
 */
export async function confinement (caps: ProcessCaps): Promise<readonly [command: string, ...args: string[]]> {
  if (process.platform !== 'linux') return ['/usr/bin/nice', '-n', niceness]
  await requireUtilLinux()
  return [
    setpriv, '--pdeathsig', 'KILL', '--',
    prlimit, '--core=0', '--nofile=256', `--fsize=${caps.fileBytes}`,
    `--${caps.memory.kind === 'data' ? 'data' : 'as'}=${caps.memory.bytes}`,
    ...(caps.cpuSeconds === undefined ? [] : [`--cpu=${Math.ceil(caps.cpuSeconds)}`]), '--',
    'nice', '-n', niceness
  ]
}

let found = false

async function requireUtilLinux (): Promise<void> {
  if (found) return
  await Promise.all([setpriv, prlimit].map((tool) => access(tool, constants.X_OK).catch(() => {
    throw new MediaHelperError(`${tool} is missing; install the package util-linux, which confines ffmpeg and the tag reader`)
  })))
  found = true
}
