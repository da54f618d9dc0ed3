import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Container {
  /** What its init wrote to the console. */
  output (): string
  readonly ended: Promise<void>
  /** As the power button would. @throws Error when it isn't off in time */
  shutDown (): Promise<void>
  kill (): Promise<void>
}

/** A worker gives back its jobs, the log shipper sends the last words. */
const offWithinMs = 40_000
/** The network is this machine's, so they are not for the container to set up. */
const masked = ['systemd-networkd.service', 'systemd-networkd.socket', 'systemd-networkd-wait-online.service', 'systemd-timesyncd.service', 'systemd-udevd.service']

/** Boots a root file system in a container; nothing that it writes is kept. */
export function bootContainer (root: string, metadataUrl: string): Container {
  const child = spawn('systemd-nspawn', [
    '--quiet', `--directory=${root}`, '--volatile=overlay', '--register=no', '--keep-unit', '--boot', '--kill-signal=SIGRTMIN+3', '--console=pipe',
    '--', `systemd.setenv=INSTANCE_METADATA_URL=${metadataUrl}`, ...masked.map((unit) => `systemd.mask=${unit}`)
  ], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString() })
  const ended = new Promise<void>((resolve, reject) => child.once('error', reject).once('close', () => resolve()))
  return {
    output: () => said,
    ended,
    async shutDown () {
      child.kill('SIGTERM')
      if (await Promise.race([ended.then(() => true), sleep(offWithinMs, false, { ref: false })])) return
      throw new Error(`the container was not off within ${offWithinMs / 1000} s`)
    },
    async kill () {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      // Its init would outlive systemd-nspawn; with the init everything in the container ends, and then nspawn itself.
      const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
      for (const pid of children.trim().split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGKILL')
      if (children.trim() === '') child.kill('SIGKILL')
      await ended
    }
  }
}
