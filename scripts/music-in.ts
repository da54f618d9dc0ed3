import { opendir } from 'node:fs/promises'
import { join } from 'node:path'

const musical = /\.(flac|mp3|ogg|opus|m4a|wav|aiff?)$/i

/** Paths of the music under `folder`, however deep, in the order of their names. */
export async function musicIn (folder: string): Promise<string[]> {
  const files: string[] = []
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (entry.isFile() && musical.test(entry.name)) files.push(join(entry.parentPath, entry.name))
  }
  return files.sort()
}
