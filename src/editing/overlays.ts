import type { Transaction } from '../platform/database/database.ts'
import type { TrackTags } from '../processing/processors/processed-track.ts'
import { type TagField, type TagValues, tagsWith, valuesOfTags } from './tag-values.ts'

/** A curator's value of one field of one track. */
export interface Overlay {
  readonly trackId: string
  readonly field: TagField
  readonly value: unknown
  /** What the newest file says. */
  readonly base: unknown
  readonly changeSetId: string
}

export async function readOverlays (tx: Pick<Transaction, '$queryRaw'>, trackIds: readonly string[]): Promise<Overlay[]> {
  if (trackIds.length === 0) return []
  return await tx.$queryRaw<Overlay[]>`
    SELECT track_id::text AS "trackId", field, value, base, change_set_id::text AS "changeSetId" FROM tag_edit WHERE track_id = ANY(${[...trackIds]}::uuid[])
    ORDER BY track_id, field`
}

/** Puts these in the place of whatever stood there. */
export async function writeOverlays (tx: Transaction, overlays: readonly Overlay[]): Promise<void> {
  if (overlays.length === 0) return
  await tx.$executeRaw`
    INSERT INTO tag_edit (track_id, field, value, base, change_set_id)
    SELECT track_id, field, coalesce(value, 'null'), coalesce(base, 'null'), change_set_id
    FROM jsonb_to_recordset(${JSON.stringify(overlays.map(({ trackId, field, value, base, changeSetId }) => ({ track_id: trackId, field, value, base, change_set_id: changeSetId })))}::jsonb)
      AS o(track_id uuid, field text, value jsonb, base jsonb, change_set_id uuid)
    ON CONFLICT (track_id, field) DO UPDATE SET value = excluded.value, base = excluded.base, change_set_id = excluded.change_set_id`
}

export async function dropOverlays (tx: Transaction, overlays: ReadonlyArray<Pick<Overlay, 'trackId' | 'field'>>): Promise<void> {
  if (overlays.length === 0) return
  await tx.$executeRaw`
    DELETE FROM tag_edit USING unnest(${overlays.map(({ trackId }) => trackId)}::uuid[], ${overlays.map(({ field }) => field)}::text[]) AS gone(track_id, field)
    WHERE tag_edit.track_id = gone.track_id AND tag_edit.field = gone.field`
}

/** The tags of a file of this track, with what curators have set; a file never overwrites that. */
export function overlaid (tags: TrackTags, overlays: readonly Overlay[]): TrackTags {
  if (overlays.length === 0) return tags
  const edits: Partial<TagValues> = Object.fromEntries(overlays.map(({ field, value }) => [field, value]))
  return tagsWith(tags, edits)
}

/** Notes what the newest file says under the curator's values, for the day when they are undone. */
export async function renewBases (tx: Transaction, tags: TrackTags, overlays: readonly Overlay[]): Promise<void> {
  const values = valuesOfTags(tags)
  await writeOverlays(tx, overlays.map((overlay) => ({ ...overlay, base: values[overlay.field] })))
}
