/** What Vite's manifest says of a source or chunk, as far as it is read here. */
interface Entry { readonly file: string, readonly name?: string, readonly imports?: readonly string[], readonly css?: readonly string[], readonly assets?: readonly string[] }
export type ClientManifest = Readonly<Record<string, Entry>>

export interface FirstPage {
  /** Without these home can't be shown or used. */
  readonly initial: readonly string[]
  /** Fetched once home stands: the player and its bar. */
  readonly behind: readonly string[]
  readonly styles: readonly string[]
  readonly fonts: readonly string[]
}

/** Sources, or names of chunks that are made of more than one. */
const needed = ['main', 'frame']
const fetchedBehind = ['player.svelte', 'player-bar']

/** @throws where the manifest has no such source: then this list is out of date */
export function firstPage (manifest: ClientManifest): FirstPage {
  const initial = closure(manifest, needed)
  const behind = [...closure(manifest, fetchedBehind)].filter((file) => !initial.has(file))
  const entries = Object.values(manifest)
  const all = new Set(entries.flatMap(({ file, css = [], assets = [] }) => [file, ...css, ...assets]))
  const ending = (suffix: string): string[] => [...all].filter((file) => file.endsWith(suffix))
  return { initial: [...initial], behind, styles: ending('.css'), fonts: ending('.woff2') }
}

/** The files of some sources and of all that they import before they run. */
function closure (manifest: ClientManifest, sources: readonly string[]): Set<string> {
  const seen = new Set(sources)
  const files = new Set<string>()
  for (const source of seen) {
    const entry = manifest[source] ?? Object.values(manifest).find(({ name }) => name === source)
    if (entry === undefined) throw new Error(`the client's manifest has no ${source}`)
    files.add(entry.file)
    for (const next of entry.imports ?? []) seen.add(next)
  }
  return files
}
