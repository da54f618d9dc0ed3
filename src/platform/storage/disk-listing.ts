import type { Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { descriptorSuffix } from './disk-objects.ts'
import { unlessMissing } from './durable-files.ts'
import { splitPrefix } from './object-key.ts'

/** Names of one folder held in memory at once; a larger folder is read once for each so many. */
const namesAtOnce = 10_000

/** The keys of the objects under a folder, in byte order, in memory that doesn't grow with their number. */
export async function * listKeys (dir: string, prefix: string, pageSize = namesAtOnce): AsyncGenerator<string> {
  const { folders, namePrefix } = splitPrefix(prefix)
  yield * walk({ dir, pageSize }, folders, namePrefix)
}

interface Walk {
  readonly dir: string
  readonly pageSize: number
}

async function * walk (options: Walk, folders: string, namePrefix: string): AsyncGenerator<string> {
  for (let after = ''; ;) {
    const names = await namesAfter({ ...options, dir: join(options.dir, folders) }, namePrefix, after)
    for (const name of names) {
      if (name.endsWith('/')) yield * walk(options, folders + name, '')
      else yield folders + name
    }
    const last = names.at(-1)
    if (last === undefined || names.length < options.pageSize) return
    after = last
  }
}

/** The first names in order that come after one. Folders sort with their slash, as they do within keys. */
async function namesAfter ({ dir, pageSize }: Walk, namePrefix: string, after: string): Promise<string[]> {
  const entries = await unlessMissing(opendir(dir, { bufferSize: 1024 }))
  if (entries === undefined) return []
  let names: string[] = []
  for await (const entry of entries) {
    const name = nameInKey(entry)
    if (name === undefined || !name.startsWith(namePrefix) || name <= after) continue
    names.push(name)
    if (names.length === 2 * pageSize) names = first(names, pageSize)
  }
  return first(names, pageSize)
}

function nameInKey (entry: Dirent): string | undefined {
  if (entry.isDirectory()) return `${entry.name}/`
  return entry.name.endsWith(descriptorSuffix) ? entry.name.slice(0, -descriptorSuffix.length) : undefined
}

function first (names: string[], pageSize: number): string[] {
  // Keys are ASCII, in which the order of code units is the order of bytes.
  return names.sort().slice(0, pageSize)
}
