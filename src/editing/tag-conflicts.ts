import { type Actor, authorise } from '../accounts/actor.ts'
import type { Reader } from '../platform/database/database.ts'
import { nameKeyOf } from '../processing/identity.ts'
import type { TagConflict } from './schemas.ts'

/** What process-track.ts names an artist that neither tags nor names tell. */
const unknownArtistKey = nameKeyOf('Unknown artist')

/**
 * Tracks among these whose tags leave something to settle: a number that another track of the disc has too, none on an
 * album, or no artist.
 * @throws ForbiddenError
 */
export async function findTagConflicts (db: Reader, actor: Actor, trackIds: readonly string[]): Promise<TagConflict[]> {
  authorise(actor, 'edit the catalogue')
  const { rows } = await db.pool.query<{ trackId: string, noArtist: boolean, noNumber: boolean, sameNumber: boolean }>(
    `SELECT t.id AS "trackId",
       EXISTS (SELECT FROM track_artist ta JOIN artist ON artist.id = ta.artist_id WHERE ta.track_id = t.id AND ta.role = 'main' AND artist.name_key = $2) AS "noArtist",
       t.track_no = 0 AND album.track_count > 1 AS "noNumber",
       t.track_no > 0 AND EXISTS (SELECT FROM track o WHERE o.album_id = t.album_id AND o.disc_no = t.disc_no AND o.track_no = t.track_no AND o.id <> t.id AND o.state = 'published') AS "sameNumber"
     FROM track t JOIN album ON album.id = t.album_id WHERE t.id = ANY($1::uuid[]) AND t.state = 'published'`, [trackIds, unknownArtistKey])
  return rows.flatMap(({ trackId, noArtist, noNumber, sameNumber }) => {
    const kinds: TagConflict['kinds'] = [...(noArtist ? ['no-artist' as const] : []), ...(noNumber ? ['no-number' as const] : []), ...(sameNumber ? ['same-number' as const] : [])]
    return kinds.length === 0 ? [] : [{ trackId, kinds }]
  })
}
