import { join } from 'node:path'

/** What a chunk group is given to look modules up; of Rolldown's context, the part that is used. */
interface ModuleGraph { getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null }

const paths = (...sources: readonly string[]): readonly string[] => sources.map((path) => join(import.meta.dirname, path))
const main = paths('app/main.ts')
/** What people see first who aren't signed in, and who are. */
const doors = paths('accounts/sign-in.svelte', 'accounts/setup.svelte')
const first = paths('app/frame.svelte', 'library/home.svelte')
const chunks = new WeakMap<ModuleGraph, ReadonlyMap<string, string>>()

/**
 * Names the chunk of modules that come with every page, and of those that come with the frame of the signed-in client
 * and its first page. Left alone they become a dozen files of half a kilobyte, as other pages use them too: each
 * compresses badly and costs a request.
 */
export function firstChunk (id: string, graph: ModuleGraph): string | null {
  let named = chunks.get(graph)
  if (named === undefined) {
    const ofDoors = closureOf(doors, graph)
    const ofFirst = [...closureOf(first, graph)]
    const ofAll = [...closureOf(main, graph), ...ofFirst.filter((id) => ofDoors.has(id))]
    named = new Map([...ofFirst.map((id) => [id, 'frame'] as const), ...ofAll.map((id) => [id, 'main'] as const)])
    chunks.set(graph, named)
  }
  return named.get(id) ?? null
}

/** Modules and everything that they import before they run. */
function closureOf (roots: readonly string[], graph: ModuleGraph): Set<string> {
  const found = new Set<string>(roots)
  for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next)
  return found
}
