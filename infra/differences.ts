import { isDeepStrictEqual } from 'node:util'
import { statefulTypes } from './stateful.ts'
import type { Resource, StackTemplate } from './synthesise.ts'

/** What a deploy would change, a line each: `+` new, `-` gone, `~` changed, `!` before what holds state and goes. */
export function differences (before: ReadonlyMap<string, StackTemplate>, after: ReadonlyMap<string, StackTemplate>): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((name) => {
    const old = before.get(name)?.Resources ?? {}
    const fresh = after.get(name)?.Resources ?? {}
    const ids = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].sort()
    return ids.flatMap((id) => resourceDifferences(`${name} ${id}`, old[id], fresh[id]))
  })
}

function resourceDifferences (label: string, old: Resource | undefined, fresh: Resource | undefined): string[] {
  if (old === undefined) return [`+ ${label} ${fresh?.Type ?? ''}`]
  if (fresh === undefined) return [`${statefulTypes.includes(old.Type) ? '!' : '-'} ${label} ${old.Type}`]
  return changedPaths(old, fresh).map((path) => `~ ${label} ${path}`)
}

/** The innermost places that differ; a list counts as one place. */
function changedPaths (old: unknown, fresh: unknown, path: readonly string[] = []): string[] {
  if (isDeepStrictEqual(old, fresh)) return []
  if (!isRecord(old) || !isRecord(fresh)) return [`${path.join('.')}: ${brief(old)} → ${brief(fresh)}`]
  const keys = [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
  return keys.flatMap((key) => changedPaths(old[key], fresh[key], [...path, key]))
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function brief (value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 120 ? text : `${text.slice(0, 117)}…`
}
