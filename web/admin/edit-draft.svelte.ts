import { post, request } from '../app/api.ts'
import type { ChangeSet, EditableTrack, TagChanges } from '../app/api-types.ts'
import { changedFields, changesOf, faultIn, type Field, type Values, valuesOf } from './edit-values.ts'

type Drafts = ReadonlyMap<string, Values>

/** One track of the editor: as it is, and as it is to be. */
export interface DraftRow {
  readonly track: EditableTrack
  readonly before: Values
  readonly after: Values
  readonly changed: readonly Field[]
}

/** Steps back; each is a map that shares the values it doesn't change. */
const mostSteps = 200

/** What a curator has changed and not saved yet, with every step back and forth. */
export function createDraft (tracks: readonly EditableTrack[]) {
  let saved = $state.raw(new Map(tracks.map((track) => [track.id, { track, before: valuesOf(track) }])))
  let steps = $state.raw<readonly Drafts[]>([new Map()])
  let at = $state(0)
  const now = $derived(steps[at] ?? new Map<string, Values>())
  const rows = $derived([...saved.values()].map(({ track, before }): DraftRow => {
    const after = now.get(track.id) ?? before
    return { track, before, after, changed: after === before ? [] : changedFields(before, after) }
  }))
  const changed = $derived(rows.filter((row) => row.changed.length > 0))
  const faults = $derived(changed.flatMap((row) => row.changed.flatMap((field) => {
    const fault = faultIn(field, row.after[field])
    return fault === null ? [] : [{ row, field, fault }]
  })))

  return {
    get rows () { return rows },
    get changed () { return changed },
    get faults () { return faults },
    get canUndo () { return at > 0 },
    get canRedo () { return at < steps.length - 1 },
    undo () { at = Math.max(0, at - 1) },
    redo () { at = Math.min(steps.length - 1, at + 1) },
    /** Changes tracks as one step; `edit` is given each with its place among them. */
    change (ids: ReadonlySet<string>, edit: (values: Values, index: number) => Partial<Record<Field, string>>) {
      const next = new Map(now)
      let index = 0
      for (const row of rows) {
        if (!ids.has(row.track.id)) continue
        next.set(row.track.id, { ...row.after, ...edit(row.after, index) })
        index += 1
      }
      steps = [...steps.slice(Math.max(0, at + 1 - mostSteps), at + 1), next]
      at = steps.length - 1
    },
    discard () { steps = [new Map()]; at = 0 },
    /** @throws ApiError where somebody changed a track meanwhile, or a value is refused */
    async save (): Promise<ChangeSet | null> {
      const { changeSet } = await request<{ changeSet: ChangeSet | null }>('PATCH', '/tracks', { body: { groups: groupsOf(changed) } })
      const { items } = await post<{ items: readonly EditableTrack[] }>('/tracks/editable', { trackIds: [...saved.keys()] })
      this.replace(items)
      return changeSet
    },
    /** Takes what the server has now; drafts are dropped. */
    replace (items: readonly EditableTrack[]) {
      const fresh = new Map(items.map((track) => [track.id, track]))
      // In the order in which they stand: a row must not run away from under its editor.
      saved = new Map([...saved.keys()].flatMap((id) => {
        const track = fresh.get(id)
        return track === undefined ? [] : [[id, { track, before: valuesOf(track) }] as const]
      }))
      steps = [new Map()]
      at = 0
    }
  }
}
export type Draft = ReturnType<typeof createDraft>

interface Group { readonly tracks: Array<{ readonly id: string, readonly version: number }>, readonly set: TagChanges }

/** Tracks that change alike are asked for together. */
function groupsOf (changed: readonly DraftRow[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { track, before, after } of changed) {
    const set = changesOf(before, after)
    const key = JSON.stringify(set)
    const group = groups.get(key) ?? { tracks: [], set }
    group.tracks.push({ id: track.id, version: track.version })
    groups.set(key, group)
  }
  return [...groups.values()]
}
