import { artworkCacheName } from './kept-addresses.ts'
import { removeKeptDatabase } from './kept-database.ts'
import { closeKeeping } from './keeping.svelte.ts'
import { writeKeptList } from './kept-list.ts'

/** Removes everything that somebody kept: they have signed out, or the server knows their session no more. */
export async function forgetKept (userId: string): Promise<void> {
  closeKeeping()
  writeKeptList(userId, [])
  await removeKeptDatabase(userId)
  await caches.delete(artworkCacheName)
}
