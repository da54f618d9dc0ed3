import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ownArchitecture } from '../ami/architecture.ts'
import { makeDisk, makeKernelImage, makeSquashfs, sha256Of } from '../ami/disk.ts'
import { pinnedNodeVersion } from '../ami/node-release.ts'
import { aptSourcesFile, assembleRoot, debootstrap, type ImageBuild } from '../ami/root-file-system.ts'
import { requireTools, run, runScript } from '../ami/run.ts'
import { build as buildServer } from './build.ts'

const root = join(import.meta.dirname, '..')
const mebibyte = 2 ** 20

const tools = {
  mmdebstrap: 'mmdebstrap',
  mksquashfs: 'squashfs-tools',
  objcopy: 'binutils',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  sfdisk: 'fdisk',
  'systemd-sysusers': 'systemd',
  git: 'git'
}

/** What a build says of itself, beside the disk. */
export interface ImageManifest {
  readonly version: string
  readonly commit: string
  readonly epochSeconds: number
  readonly architecture: string
  readonly node: string
  readonly packages: readonly string[]
  readonly bytes: { readonly disk: number, readonly squashfs: number, readonly kernelImage: number }
  readonly sha256: { readonly tar: string, readonly disk: string, readonly squashfs: string, readonly kernelImage: string }
  readonly seconds: number
}

interface BuildOptions {
  readonly workDir: string
  /** For quick attempts: Debian's packages of the build before, without the updates since. */
  readonly reuseBase: boolean
}

/** Builds the disk image in `workDir`; says what it does as it goes. */
export async function buildImage ({ workDir, reuseBase }: BuildOptions): Promise<ImageManifest> {
  requireTools(tools, { root: true })
  const startedAt = performance.now()
  const architecture = ownArchitecture()
  await run('test', ['-e', architecture.efiStub]).catch(() => { throw new Error(`${architecture.efiStub} is missing: apt-get install systemd-boot-efi`) })
  buildServer()
  await mkdir(workDir, { recursive: true })
  const build: ImageBuild = { architecture, workDir, aptSources: await aptSourcesFile(), epochSeconds: Number(await run('git', ['log', '-1', '--format=%ct'], { cwd: root })) }
  const tar = join(workDir, 'debian.tar')
  if (!reuseBase || await stat(tar).catch(() => undefined) === undefined) {
    await step('Debian’s packages', async () => {
      await debootstrap(build, `${tar}.new`)
      await rename(`${tar}.new`, tar)
    })
  }
  const rootDir = await step('root file system', () => assembleRoot(build, tar))
  const kernelImage = await step('kernel image', () => makeKernelImage(build, rootDir))
  const squashfs = await step('squashfs', () => makeSquashfs(build, rootDir))
  const disk = await step('disk', () => makeDisk(build, { kernelImage, squashfs }))
  const manifest = await describe(build, { tar, disk, squashfs, kernelImage, seconds: Math.round((performance.now() - startedAt) / 1000) })
  await writeFile(join(workDir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

async function step<T> (name: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const result = await work()
  console.log(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return result
}

async function describe (build: ImageBuild, { tar, disk, squashfs, kernelImage, seconds }: Record<'tar' | 'disk' | 'squashfs' | 'kernelImage', string> & { seconds: number }): Promise<ImageManifest> {
  const size = async (file: string) => (await stat(file)).size
  const packages = await run('dpkg-query', [`--admindir=${join(build.workDir, 'root/var/lib/dpkg')}`, '-W', `-f=${field('Package')} ${field('Version')}\n`])
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  return {
    version,
    commit: (await run('git', ['rev-parse', 'HEAD'], { cwd: root })).trim(),
    epochSeconds: build.epochSeconds,
    architecture: build.architecture.ec2,
    node: await pinnedNodeVersion(),
    packages: packages.trim().split('\n'),
    bytes: { disk: await size(disk), squashfs: await size(squashfs), kernelImage: await size(kernelImage) },
    sha256: { tar: await sha256Of(tar), disk: await sha256Of(disk), squashfs: await sha256Of(squashfs), kernelImage: await sha256Of(kernelImage) },
    seconds
  }
}

/** As dpkg-query's format wants it. */
function field (name: string): string {
  return '$' + `{${name}}`
}

/** Where `npm run image:*` keep what they make. */
export const imageDir = join(root, 'dist/image')

async function main (): Promise<void> {
  const { values } = parseArgs({ options: { 'reuse-base': { type: 'boolean', default: false }, 'keep-root': { type: 'boolean', default: true } } })
  const { bytes, sha256, seconds } = await buildImage({ workDir: imageDir, reuseBase: values['reuse-base'] })
  if (!values['keep-root']) await rm(join(imageDir, 'root'), { recursive: true, force: true })
  console.log(`\n${Math.ceil(bytes.disk / mebibyte)} MiB disk (root ${Math.ceil(bytes.squashfs / mebibyte)}, kernel ${Math.ceil(bytes.kernelImage / mebibyte)}) in ${seconds} s`)
  console.log(`squashfs sha256 ${sha256.squashfs}\ndisk     sha256 ${sha256.disk}`)
}

if (import.meta.main) await runScript(main)
