import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bootContainer } from '../ami/container.ts'
import { startInstanceMetadata } from '../ami/doubles/instance-metadata.ts'
import { requireTools, run, runScript } from '../ami/run.ts'
import { openSurroundings, type Surroundings } from '../ami/surroundings.ts'
import { unitFaults } from '../ami/units.ts'
import { imageDir } from './image-build.ts'

/** Loads each native part and what is opened by name, as the service's own user. */
const probe = `
const load = require('node:module').createRequire('/opt/freshet/app/dist/server/main.js')
const { hash, verify } = load('@node-rs/argon2')
const sharp = load('sharp')
const main = async () => {
if (!await verify(await hash('a password'), 'a password')) throw new Error('argon2')
const avif = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } }).avif().toBuffer()
await import('/opt/freshet/app/dist/server/generated/prisma/client.js')
console.log('argon2, sharp (' + avif.length + ' bytes of AVIF), Prisma')
}
main()
`

/** Looks at the root file system that image:build left, light checks first. */
async function main (): Promise<void> {
  const { values } = parseArgs({ options: { 'no-boot': { type: 'boolean', default: false } } })
  requireTools({ 'systemd-analyze': 'systemd', 'systemd-nspawn': 'systemd-container', chroot: 'coreutils' }, { root: true })
  const root = join(imageDir, 'root')
  await stat(root).catch(() => { throw new Error('there is no root file system yet: npm run image:build') })
  await timed('units', async () => {
    const faults = unitFaults(root)
    if (faults.length > 0) throw new Error(faults.join('\n'))
    return 'verified, none more exposed than allowed'
  })
  await timed('chroot', () => runInside(root))
  if (values['no-boot']) return
  await timed('container', () => workInside(root))
}

async function timed (name: string, check: () => Promise<string>): Promise<void> {
  const startedAt = performance.now()
  const result = await check()
  console.log(`✓ ${name}: ${result} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
}

async function runInside (root: string): Promise<string> {
  const inside = (...command: string[]) => run('chroot', ['--userspec=freshet:freshet', root, ...command], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } })
  const node = '/opt/freshet/node/bin/node'
  const said = [
    `Node ${(await inside(node, '--version')).trim()}`,
    (await inside('ffmpeg', '-version')).split(' Copyright', 1)[0] ?? '',
    (await inside(node, '--disable-warning=ExperimentalWarning', '--input-type=commonjs', '--eval', probe)).trim()
  ]
  if (!(await inside('freshet', 'help')).includes('ship-logs')) throw new Error('freshet help says nothing')
  const codecs = await inside('ffmpeg', '-hide_banner', '-encoders')
  for (const codec of ['aac', 'libopus', 'flac']) if (!codecs.includes(` ${codec} `)) throw new Error(`ffmpeg has no encoder ${codec}`)
  return said.join(', ')
}

/** Boots it in a container as a worker under its own units, which publishes a track of an upload made here. */
async function workInside (root: string): Promise<string> {
  const surroundings = await openSurroundings()
  const metadata = await startInstanceMetadata({ userData: surroundings.userData('worker', '127.0.0.1'), credentials: surroundings.keys })
  const container = bootContainer(root, metadata.url)
  try {
    const seeding = surroundings.seed('03', { worker: false })
    await Promise.race([seeding, container.ended.then(() => { throw new Error('the container ended') })])
    await container.shutDown()
    const messages = linesOf(surroundings)
    if (!messages.some((message) => message.includes('"msg":"closed"'))) throw new Error(`the worker’s last words are not among the ${messages.length} lines in CloudWatch Logs`)
    return `booted, settings from IMDSv2, a track published, ${messages.length} lines in CloudWatch Logs, the last words among them`
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${container.output().slice(-4_000)}\n${linesOf(surroundings).join('\n').slice(-8_000)}`)
  } finally {
    await container.kill()
    await metadata.stop()
    await surroundings.stop()
  }
}

function linesOf ({ aws }: Surroundings): string[] {
  return [...aws.logs].flatMap(([, events]) => events.map(({ message }) => message))
}

await runScript(main)
