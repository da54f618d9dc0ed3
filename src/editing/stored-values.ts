import type { Transaction } from '../platform/database/database.ts'
import { inOrder, type CreditedPerson, type TagField, type TagValues } from './tag-values.ts'

/** A published track as a curator edits it. */
export interface EditedTrack {
  readonly id: string
  /** Grows with each change, whoever makes it. */
  readonly version: number
  readonly albumId: string
  readonly durationMs: number
  readonly fileName: string
  readonly values: TagValues
  /** Fields that a curator has set. */
  readonly edited: readonly TagField[]
}

interface Row {
  readonly id: string
  readonly version: number
  readonly albumId: string
  readonly durationMs: number
  readonly fileName: string
  readonly title: string
  readonly credit: string
  readonly people: CreditedPerson[] | null
  readonly album: { readonly title: string, readonly artistCredit: string, readonly musicBrainzId: string | null, readonly label: string | null }
  readonly albumArtists: Array<{ readonly name: string, readonly musicBrainzId: string | null }> | null
  readonly discNo: number
  readonly discTitle: string | null
  readonly trackNo: number
  readonly year: number | null
  readonly genres: string[] | null
  readonly edited: TagField[] | null
}

/** Published tracks with what is shown of them now, in the order of albums, discs and numbers. */
export async function readTracks (tx: Pick<Transaction, '$queryRaw'>, trackIds: readonly string[]): Promise<EditedTrack[]> {
  if (trackIds.length === 0) return []
  const rows = await tx.$queryRaw<Row[]>`
    WITH record AS (
      SELECT album.id, json_build_object('title', album.title, 'artistCredit', album.artist_credit, 'musicBrainzId', album.musicbrainz_id, 'label', album.label) AS album,
        (SELECT json_agg(json_build_object('name', artist.name, 'musicBrainzId', nullif(artist.musicbrainz_id, '')) ORDER BY aa.position)
         FROM album_artist aa JOIN artist ON artist.id = aa.artist_id WHERE aa.album_id = album.id) AS artists
      FROM album WHERE id IN (SELECT album_id FROM track WHERE id = ANY(${[...trackIds]}::uuid[])))
    SELECT t.id::text, t.fence AS version, t.album_id::text AS "albumId", t.duration_ms AS "durationMs", o.file_name AS "fileName", t.title, t.artist_credit AS credit,
      (SELECT json_agg(json_build_object('name', artist.name, 'musicBrainzId', nullif(artist.musicbrainz_id, ''), 'role', ta.role) ORDER BY ta.position)
       FROM track_artist ta JOIN artist ON artist.id = ta.artist_id WHERE ta.track_id = t.id) AS people,
      record.album, record.artists AS "albumArtists", t.disc_no AS "discNo", t.disc_title AS "discTitle", t.track_no AS "trackNo", t.year,
      (SELECT json_agg(genre.name) FROM track_genre tg JOIN genre ON genre.id = tg.genre_id WHERE tg.track_id = t.id) AS genres,
      (SELECT json_agg(field ORDER BY field) FROM tag_edit WHERE track_id = t.id) AS edited
    FROM track t JOIN record ON record.id = t.album_id JOIN original o ON o.sha256 = t.original_id
    WHERE t.id = ANY(${[...trackIds]}::uuid[]) AND t.state = 'published'
    ORDER BY record.album->>'title', t.album_id, t.disc_no, t.track_no, t.id`
  return rows.map(trackOf)
}

function trackOf (row: Row): EditedTrack {
  const { id, version, albumId, durationMs, fileName, title, credit, discNo, discTitle, trackNo, year, album: { label, ...album } } = row
  return {
    id,
    version,
    albumId,
    durationMs,
    fileName,
    edited: row.edited ?? [],
    values: {
      title,
      credits: { credit, people: row.people ?? [] },
      album: { ...album, artists: row.albumArtists ?? [] },
      label,
      discNo,
      discTitle,
      trackNo,
      year,
      genres: inOrder(row.genres ?? [])
    }
  }
}
