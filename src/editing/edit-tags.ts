import { randomUUID } from 'node:crypto'
import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { nameKeyOf } from '../processing/identity.ts'
import { inTransaction } from '../processing/transaction.ts'
import { type ChangeRow, findChangeSet, recordChangeSet } from './change-sets.ts'
import { valuesAfter } from './new-values.ts'
import { readOverlays, writeOverlays } from './overlays.ts'
import type { NewValues } from './place-albums.ts'
import { type ChangeSet, type EditableQuery, type EditableTrack, mostEditedTracks, type TagChanges, type TracksEdit } from './schemas.ts'
import { type EditedTrack, readTracks } from './stored-values.ts'
import { sameValue, type TagValues, tagFields } from './tag-values.ts'
import { agreedYears, differingFields, writeValues } from './write-values.ts'

export const EditTooLargeError = createError<[number, number]>('EDIT_TOO_LARGE', 'one edit changes at most %d tracks and this one would change %d: choose fewer', 413)
export const EditUnclearError = createError<[string]>('EDIT_UNCLEAR', '%s', 400)
export const EditOutdatedError = createError<[string, number]>('EDIT_OUTDATED', 'somebody changed “%s” since you read it (%d tracks in all): read them again and look at the changes', 409)
export const EditedTrackGoneError = createError<[number]>('EDITED_TRACK_GONE', '%d of the tracks are no longer in the catalogue: read them again', 404)

export interface EditDeps {
  readonly db: Database
  readonly now: () => Date
}

/**
 * Changes the tags of one or many tracks as one change set, which can be undone. What is set stays set, whatever files
 * of the tracks are uploaded or imported later.
 * @returns null when nothing differed
 * @throws ForbiddenError, EditInvalidError and the errors above
 */
export async function editTags ({ db, now }: EditDeps, actor: Actor, { groups }: TracksEdit): Promise<ChangeSet | null> {
  authorise(actor, 'edit the catalogue')
  const id = randomUUID()
  const made = await inTransaction(db, async (tx) => {
    const wanted = await wantedChanges(tx, groups)
    // Read twice: their albums are known only then, and until these are locked somebody may change them.
    await lockAlbumsOf(tx, [...wanted.keys()])
    const changed = changesOf(await readTracks(tx, [...wanted.keys()]), wanted)
    if (changed.length === 0) return false
    const kept = await keepWholeReleases(tx, changed)
    await writeValues(tx, kept, { keepAlias: true })
    const rows = [...await overlay(tx, id, kept), ...await followYears(tx, id, kept)]
    const subject = kept.length === 1 || new Set(kept.map(({ track }) => track.albumId)).size > 1 ? kept[0]?.values.title ?? '' : kept[0]?.values.album.title ?? ''
    await recordChangeSet(tx, { id, kind: 'tags', actor, subject, itemCount: kept.length, at: now(), rows })
    await appendAudit(tx, { actorId: actor.userId, action: 'tracks.edited', subject: `change-set:${id}`, details: { tracks: kept.length, fields: fieldsOf(rows).join(', ') }, at: now() })
    return true
  })
  return made ? await findChangeSet(db, id) : null
}

function fieldsOf (rows: readonly ChangeRow[]): string[] {
  return [...new Set(rows.map(({ field }) => field))]
}

interface Wanted {
  readonly set: TagChanges
  readonly version: number | undefined
}

/** What each track is to have. @throws EditUnclearError, EditTooLargeError */
async function wantedChanges (tx: Transaction, groups: TracksEdit['groups']): Promise<Map<string, Wanted>> {
  const wanted = new Map<string, Wanted>()
  const ofAlbums = await tracksOfAlbums(tx, groups.flatMap(({ albumId }) => albumId ?? []))
  for (const { tracks, albumId, set } of groups) {
    if ((tracks === undefined) === (albumId === undefined)) throw new EditUnclearError('say which tracks each group is of: either tracks or albumId')
    const named = tracks ?? (ofAlbums.get(albumId?.toLowerCase() ?? '') ?? []).map(({ id }) => ({ id, version: undefined }))
    for (const { id, version } of named) {
      if (wanted.has(id.toLowerCase())) throw new EditUnclearError(`track ${id} stands in two groups: put what is to change of it into one`)
      wanted.set(id.toLowerCase(), { set, version })
    }
  }
  if (wanted.size > mostEditedTracks) throw new EditTooLargeError(mostEditedTracks, wanted.size)
  if (wanted.size === 0) throw new EditedTrackGoneError(0)
  return wanted
}

async function tracksOfAlbums (tx: Transaction, albumIds: readonly string[]): Promise<Map<string, Array<{ readonly id: string, readonly albumId: string }>>> {
  if (albumIds.length === 0) return new Map()
  // One more than an edit may have says that it is too large.
  const tracks = await tx.track.findMany({ where: { albumId: { in: [...albumIds] }, state: 'published' }, select: { id: true, albumId: true }, take: mostEditedTracks + 1 })
  return Map.groupBy(tracks, ({ albumId }) => albumId)
}

export async function lockAlbumsOf (tx: Transaction, trackIds: readonly string[]): Promise<void> {
  await tx.$queryRaw`
    SELECT 1 FROM album WHERE id IN (SELECT album_id FROM track WHERE id = ANY(${[...trackIds]}::uuid[])) ORDER BY id FOR NO KEY UPDATE`
}

function changesOf (tracks: readonly EditedTrack[], wanted: ReadonlyMap<string, Wanted>): NewValues[] {
  if (tracks.length < wanted.size) throw new EditedTrackGoneError(wanted.size - tracks.length)
  const outdated = tracks.filter(({ id, version }) => (wanted.get(id)?.version ?? version) !== version)
  if (outdated[0] !== undefined) throw new EditOutdatedError(outdated[0].values.title, outdated.length)
  return tracks.flatMap((track) => {
    const values = valuesAfter(track, wanted.get(track.id)?.set ?? {})
    return differingFields(track.values, values, tagFields).length === 0 ? [] : [{ track, values }]
  })
}

/** An album that is renamed as a whole stays the MusicBrainz release that it is; one of several that become one doesn't. */
async function keepWholeReleases (tx: Transaction, changed: readonly NewValues[]): Promise<NewValues[]> {
  const moved = Map.groupBy(changed.filter(({ track, values }) => track.values.album.musicBrainzId !== null && !sameValue(track.values.album, values.album)), ({ track }) => track.albumId)
  if (moved.size === 0) return [...changed]
  const sources = Map.groupBy(changed, ({ values }) => nameOf(values))
  const counts = await tx.track.groupBy({ by: ['albumId'], where: { albumId: { in: [...moved.keys()] }, state: 'published' }, _count: true })
  const whole = new Set(counts.flatMap(({ albumId, _count }) => {
    const [first, ...others] = moved.get(albumId) ?? []
    if (first === undefined || others.length + 1 < _count || others.some(({ values }) => !sameValue(values.album, first.values.album))) return []
    return sources.get(nameOf(first.values))?.every(({ track }) => track.albumId === albumId) === true ? [albumId] : []
  }))
  return changed.map(({ track, values }) => whole.has(track.albumId)
    ? { track, values: { ...values, album: { ...values.album, musicBrainzId: track.values.album.musicBrainzId } } }
    : { track, values })
}

const nameOf = ({ album }: TagValues): string => `${nameKeyOf(album.artistCredit)}\n${nameKeyOf(album.title)}`

/** Keeps the values beside the files' tags, and says what stood there before. */
async function overlay (tx: Transaction, changeSetId: string, changed: readonly NewValues[]): Promise<ChangeRow[]> {
  const standing = new Map((await readOverlays(tx, changed.map(({ track }) => track.id))).map((each) => [`${each.trackId} ${each.field}`, each]))
  const rows: ChangeRow[] = changed.flatMap(({ track, values }) => differingFields(track.values, values, tagFields).map((field) => ({
    changeSetId, itemId: track.id, field, before: track.values[field], after: values[field], beforeSetId: standing.get(`${track.id} ${field}`)?.changeSetId ?? null
  })))
  await writeOverlays(tx, rows.map(({ itemId, field, before, after }) => ({
    trackId: itemId, field: field as keyof TagValues, value: after, base: standing.has(`${itemId} ${field}`) ? standing.get(`${itemId} ${field}`)?.base : before, changeSetId
  })))
  return rows
}

/** An album shows the year of its tracks where a curator makes them agree. */
async function followYears (tx: Transaction, changeSetId: string, changed: readonly NewValues[]): Promise<ChangeRow[]> {
  const years = changed.filter(({ track, values }) => track.values.year !== values.year).map(({ track }) => track.id)
  if (years.length === 0) return []
  const albums = await tx.track.findMany({ where: { id: { in: years } }, select: { albumId: true }, distinct: ['albumId'] })
  const agreed = await agreedYears(tx, albums.map(({ albumId }) => albumId))
  for (const { id, after } of agreed) await tx.album.update({ where: { id }, data: { year: after } })
  return agreed.map(({ id, before, after }) => ({ changeSetId, itemId: id, field: 'albumYear', before, after, beforeSetId: null }))
}

/**
 * Published tracks as the editor shows them.
 * @throws ForbiddenError, EditTooLargeError
 */
export async function editableTracks ({ db }: Pick<EditDeps, 'db'>, actor: Actor, { trackIds = [], albumIds = [] }: EditableQuery): Promise<EditableTrack[]> {
  authorise(actor, 'edit the catalogue')
  const ofAlbums = albumIds.length === 0 ? [] : await db.prisma.track.findMany({ where: { albumId: { in: albumIds }, state: 'published' }, select: { id: true }, take: mostEditedTracks + 1 })
  const ids = [...new Set([...trackIds, ...ofAlbums.map(({ id }) => id)])]
  if (ids.length > mostEditedTracks) throw new EditTooLargeError(mostEditedTracks, ids.length)
  return (await readTracks(db.prisma, ids)).map(shown)
}

function shown ({ values, ...track }: EditedTrack): EditableTrack {
  const { credits, album, genres, ...rest } = values
  return {
    ...track,
    ...rest,
    edited: [...track.edited],
    artists: credits.people.map(({ name, role }) => ({ name, role })),
    artistCredit: credits.credit,
    albumTitle: album.title,
    albumArtist: album.artistCredit,
    genres: [...genres]
  }
}
