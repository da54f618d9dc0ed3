import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ownArchitecture } from '../ami/architecture.ts'
import { startInstanceMetadata } from '../ami/doubles/instance-metadata.ts'
import { type Guest, hostAddress, startGuest } from '../ami/guest.ts'
import { requireTools, runScript } from '../ami/run.ts'
import { openSurroundings, type Surroundings } from '../ami/surroundings.ts'
import { freePort } from '../test/support/process.ts'
import { imageDir, type ImageManifest } from './image-build.ts'

const root = join(import.meta.dirname, '..')
const readyGoalSeconds = 60
const readyWithinMs = 240_000
/** /readyz fails for 5 s, connections have 30 s, the machine a few for itself. */
const offWithinMs = 60_000
const acceptanceAttempts = 5
const betweenAttemptsMs = 10_000
const mebibyte = 2 ** 20

/** Boots the image as EC2 would, in software emulation, and lets the acceptance suite loose on it. */
async function main (): Promise<void> {
  const { values } = parseArgs({ options: { 'no-data-volume': { type: 'boolean', default: false }, memory: { type: 'string', default: '2048' } } })
  requireTools({ 'qemu-system-x86_64': 'qemu-system-x86' })
  const manifest = JSON.parse(await readFile(join(imageDir, 'manifest.json'), 'utf8').catch(() => { throw new Error('there is no image yet: npm run image:build') })) as ImageManifest
  const workDir = await mkdtemp(join(tmpdir(), 'freshet-boot-'))
  const surroundings = await openSurroundings()
  const metadata = await startInstanceMetadata({ userData: surroundings.userData('web', hostAddress), credentials: surroundings.keys })
  let guest: Guest | undefined
  try {
    await surroundings.seed('02', { worker: true })
    const port = await freePort()
    const startedAt = performance.now()
    guest = await startGuest({
      disk: join(imageDir, `freshet-${ownArchitecture().debian}.raw`),
      workDir,
      metadataPort: metadata.port,
      port,
      memoryMebibytes: Number(values.memory),
      dataVolumeGibibytes: values['no-data-volume'] ? undefined : 2
    })
    await untilReady(guest, `http://127.0.0.1:${port}`)
    const readySeconds = (performance.now() - startedAt) / 1000
    console.log(`ready after ${readySeconds.toFixed(1)} s in software emulation (goal ≤ ${readyGoalSeconds} s); image ${Math.ceil(manifest.bytes.disk / mebibyte)} MiB, built in ${manifest.seconds} s`)
    await acceptance(surroundings, `http://127.0.0.1:${port}`)
    await shutDown(guest, surroundings, `http://127.0.0.1:${port}`)
  } catch (error) {
    if (guest !== undefined) console.error(`${(await guest.console()).slice(-4_000)}\n${linesOf(surroundings).filter((line) => /"level":"(warn|error|fatal)"/.test(line)).slice(-20).join('\n')}`)
    throw error
  } finally {
    await guest?.kill()
    await metadata.stop()
    await surroundings.stop()
    await rm(workDir, { recursive: true, force: true })
  }
}

async function untilReady (guest: Guest, url: string): Promise<void> {
  for (const until = performance.now() + readyWithinMs; performance.now() < until;) {
    if (guest.process.exitCode !== null) throw new Error('the machine went off by itself')
    const status = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).then((response) => response.status, () => 0)
    if (status === 200) return
    await sleep(250)
  }
  throw new Error(`/readyz did not answer within ${readyWithinMs / 1000} s`)
}

/** An emulated processor is slow enough for the service to shed requests while it still warms up: it may be asked again. */
async function acceptance (surroundings: Surroundings, target: string): Promise<void> {
  const door = await surroundings.frontDoor(target)
  try {
    for (let left = acceptanceAttempts; left > 0; left--) {
      if (await acceptanceOnce(surroundings, door.url) === 0) return
      if (left > 1) console.log('once more, when the emulated machine has calmed down')
      await sleep(betweenAttemptsMs)
    }
  } finally {
    await door.close()
  }
  throw new Error('the acceptance suite found faults')
}

function acceptanceOnce ({ credentials, publicUrl }: Surroundings, door: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    spawn(process.execPath, ['scripts/acceptance.ts', publicUrl, '--connect', door, '--profile', 'smoke'], {
      cwd: root, stdio: 'inherit', env: { ...process.env, ACCEPTANCE_USERNAME: credentials.username, ACCEPTANCE_PASSWORD: credentials.password }
    }).once('error', reject).once('close', resolve)
  })
}

async function shutDown (guest: Guest, surroundings: Surroundings, target: string): Promise<void> {
  const pressedAt = performance.now()
  const off = guest.pressPowerButton(offWithinMs)
  let drained = false
  while (!drained && performance.now() - pressedAt < offWithinMs) {
    const status = await fetch(`${target}/readyz`, { signal: AbortSignal.timeout(2_000) }).then((response) => response.status, () => 0)
    drained = status === 503
    if (status === 0 && !drained) break
    await sleep(100)
  }
  if (!drained) throw new Error('/readyz did not fail before the service closed')
  if (!await off) throw new Error(`the machine was not off within ${offWithinMs / 1000} s`)
  console.log(`power button: /readyz failed, then off after ${((performance.now() - pressedAt) / 1000).toFixed(1)} s`)
  const messages = linesOf(surroundings)
  const said = (text: string) => messages.some((message) => message.includes(text))
  if (!said('"msg":"closed"')) throw new Error(`the last words of the service are not among the ${messages.length} lines in CloudWatch Logs`)
  console.log(`${messages.length} lines in CloudWatch Logs, the last words among them`)
}

function linesOf ({ aws }: Surroundings): string[] {
  return [...aws.logs].flatMap(([, events]) => events.map(({ message }) => message))
}

await runScript(main)
