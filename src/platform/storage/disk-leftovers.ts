import { opendir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskObjects } from './disk-objects.ts'
import { unlessMissing } from './durable-files.ts'

const dataFilePattern = /^(.+);[0-9a-f]{32}$/

/**
 * Removes data files that no object names: a process killed between two steps of a write leaves one. Files younger
 * than `before` may belong to a write under way.
 * @returns how many bytes it gave back
 */
export async function removeLeftovers (dir: string, objects: DiskObjects, before: Date): Promise<number> {
  let freedBytes = 0
  const walk = async (folders: string): Promise<void> => {
    const entries = await unlessMissing(opendir(join(dir, folders)))
    if (entries === undefined) return
    for await (const entry of entries) {
      if (entry.isDirectory()) await walk(`${folders}${entry.name}/`)
      else freedBytes += await removeUnnamed(folders, entry.name)
    }
  }
  const removeUnnamed = async (folders: string, name: string): Promise<number> => {
    const [, segment] = dataFilePattern.exec(name) ?? []
    if (segment === undefined) return 0
    const path = join(dir, folders, name)
    const found = await unlessMissing(stat(path))
    // Its inode changes when it is moved to its place, and not later.
    if (found === undefined || found.ctime >= before) return 0
    if ((await objects.find(folders + segment))?.dataPath === path) return 0
    await unlessMissing(unlink(path))
    return found.size
  }
  await walk('')
  return freedBytes
}
