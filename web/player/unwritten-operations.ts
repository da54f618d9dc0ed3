import type { QueueOperation } from '../../src/playlists/queue-operations.ts'
import { hasTexts, keptList } from '../app/kept-json.ts'

export interface KeptOperation { readonly userId: string, readonly at: number, readonly operation: QueueOperation }

const asideKey = 'freshet.queue-unwritten'
/** By id: those that the database is still being asked to keep. */
const unwritten = new Map<string, KeptOperation>()

// A database that is asked now is too late for a page that goes now; this store answers at once.
addEventListener('pagehide', () => {
  if (unwritten.size > 0) localStorage.setItem(asideKey, JSON.stringify([...setAside(), ...unwritten.values()]))
})

/** What was done in the last moment of a page. */
export function setAside (): KeptOperation[] {
  return keptList(asideKey, isKeptOperation)
}

function isKeptOperation (item: unknown): item is KeptOperation {
  return hasTexts(item, 'userId') && 'at' in item && typeof item.at === 'number' && 'operation' in item && hasTexts(item.operation, 'id', 'kind')
}

/** Until `write` has settled, what is kept here outlives the page. */
export async function whileWritten (kept: readonly KeptOperation[], write: () => Promise<void>): Promise<void> {
  for (const each of kept) unwritten.set(each.operation.id, each)
  try {
    await write()
  } finally {
    for (const { operation } of kept) unwritten.delete(operation.id)
    const aside = setAside()
    const rest = aside.filter((other) => kept.every(({ operation }) => operation.id !== other.operation.id))
    if (rest.length > 0) localStorage.setItem(asideKey, JSON.stringify(rest))
    else if (aside.length > 0) localStorage.removeItem(asideKey)
  }
}
