import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Architecture } from './architecture.ts'
import { run } from './run.ts'

const root = join(import.meta.dirname, '..')

interface Lock { readonly packages: Readonly<Record<string, { readonly version: string }>> }
type Releases = Readonly<Record<string, Partial<Record<Architecture['nodePackage'], string>>>>

/** The version of Node that the lock file pins. */
export async function pinnedNodeVersion (): Promise<string> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock
  const version = lock.packages['node_modules/node']?.version
  if (version === undefined) throw new Error('package-lock.json pins no version of the package “node”')
  return version
}

/**
 * Puts Node's binary at `target`. It comes from npm; the lock file names only the package that would fetch it, so
 * the checksum of the binary's own package is pinned in ami/node-releases.json.
 * @throws Error when the pinned checksum is missing or another
 */
export async function placeNode (architecture: Architecture, target: string): Promise<void> {
  const version = await pinnedNodeVersion()
  const releases = JSON.parse(await readFile(join(import.meta.dirname, 'node-releases.json'), 'utf8')) as Releases
  const expected = releases[version]?.[architecture.nodePackage]
  const name = `${architecture.nodePackage}@${version}`
  if (expected === undefined) throw new Error(`ami/node-releases.json has no checksum of ${name}: add what \`npm view ${name} dist.integrity\` says, once you trust it`)
  const dir = await mkdtemp(join(tmpdir(), 'freshet-node-'))
  try {
    await run('npm', ['pack', name, '--silent', '--pack-destination', dir], { cwd: dir })
    const archive = join(dir, `${architecture.nodePackage}-${version}.tgz`)
    const actual = `sha512-${createHash('sha512').update(await readFile(archive)).digest('base64')}`
    if (actual !== expected) throw new Error(`${name} is not what was pinned: ${actual} instead of ${expected}`)
    await run('tar', ['-xzf', archive, '-C', dir, 'package/bin/node', 'package/LICENSE'])
    await mkdir(join(target, 'bin'), { recursive: true })
    await copyFile(join(dir, 'package/bin/node'), join(target, 'bin/node'))
    await copyFile(join(dir, 'package/LICENSE'), join(target, 'LICENSE'))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
