import type { Database } from '../platform/database/database.ts'

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'counters' | 'search'

/** One thing that is not as promised. */
export interface Breach {
  readonly invariant: Invariant
  /** What it is about: `track <id> "title"`, `object <key>` … */
  readonly subject: string
  readonly message: string
}

/** Called after every batch with how many rows or objects a step has seen so far. */
export type Progress = (step: string, done: number) => void

interface RowCheck {
  readonly step: string
  /** What a row is called in a breach. */
  readonly noun: string
  /** Rows after the id $1, $2 of them, by id: id, label and faults (`invariant|message`). */
  readonly sql: string
  readonly values?: readonly unknown[]
}

interface CheckedRow {
  readonly id: string
  readonly label: string
  readonly faults: string[]
}

const batchRows = 500
const beforeAll = '00000000-0000-0000-0000-000000000000'

/** `WHEN condition THEN message`, the conditions being SQL on the row. */
function faults (...cases: ReadonlyArray<readonly [invariant: Invariant, condition: string, message: string]>): string {
  return `array_remove(ARRAY[${cases.map(([invariant, condition, message]) => `CASE WHEN ${condition} THEN '${invariant}|' || ${message} END`).join(', ')}]::text[], NULL) AS faults`
}

const unsearchable = (id: string) => `NOT EXISTS (SELECT FROM search_doc WHERE ref_id = ${id})`
const audioNames = ['aac-160', 'aac-256', 'aac-96']
const namesOf = (names: readonly string[]) => `ARRAY[${names.map((name) => `'${name}'`).join(', ')}]`

const tracks: RowCheck = {
  step: 'tracks',
  noun: 'track',
  sql: `WITH batch AS (SELECT * FROM track WHERE id > $1::uuid AND state = 'published' ORDER BY id LIMIT $2)
    SELECT track.id, track.title AS label, ${faults(
      ['I3', `made.names IS DISTINCT FROM CASE WHEN original.lossless THEN ${namesOf([...audioNames, 'flac'])} ELSE ${namesOf(audioNames)} END`, "'its renditions are: ' || coalesce(array_to_string(made.names, ', '), 'none')"],
      ['I4', 'made.prefixes > 1', "'its renditions come from ' || made.prefixes || ' attempts'"],
      ['I3', 'made.is_off', "'a rendition’s length differs from the track’s by more than 50 ms'"],
      ['I3', 'NOT EXISTS (SELECT FROM waveform WHERE track_id = track.id)', "'it has no waveform'"],
      ['I3', 'track.artwork_id IS NOT NULL AND drawn.pairs IS NOT TRUE', "'its artwork lacks images'"],
      ['I2', 'original.track_id IS DISTINCT FROM track.id', "'its original belongs to another track'"],
      ['search', unsearchable('track.id'), "'search does not find it'"])}
    FROM batch AS track JOIN original ON original.sha256 = track.original_id
    LEFT JOIN LATERAL (
      SELECT array_agg(name ORDER BY name COLLATE "C") AS names, count(DISTINCT regexp_replace(object_key, '[^/]*$', '')) AS prefixes,
        bool_or(abs(sample_count * 1000.0 / timescale - track.duration_ms) > 50) AS is_off
      FROM rendition WHERE track_id = track.id) AS made ON TRUE
    LEFT JOIN LATERAL (
      SELECT array_agg(size_px ORDER BY size_px) FILTER (WHERE format = 'webp') = array_agg(size_px ORDER BY size_px) FILTER (WHERE format = 'avif') AS pairs
      FROM artwork_image WHERE artwork_id = track.artwork_id) AS drawn ON TRUE
    ORDER BY track.id`
}

const albums: RowCheck = {
  step: 'albums',
  noun: 'album',
  sql: `WITH batch AS (SELECT * FROM album WHERE id > $1::uuid ORDER BY id LIMIT $2)
    SELECT album.id, album.title AS label, ${faults(
      ['counters', 'album.track_count <> held.tracks', "'it counts ' || album.track_count || ' tracks and has ' || held.tracks"],
      ['counters', 'album.duration_ms <> held.ms', "'it counts ' || album.duration_ms || ' ms and has ' || held.ms"],
      ['search', `album.track_count > 0 AND ${unsearchable('album.id')}`, "'search does not find it'"])}
    FROM batch AS album LEFT JOIN LATERAL (
      SELECT count(*) AS tracks, coalesce(sum(duration_ms), 0) AS ms FROM track WHERE album_id = album.id AND state = 'published') AS held ON TRUE
    ORDER BY album.id`
}

const artists: RowCheck = {
  step: 'artists',
  noun: 'artist',
  sql: `WITH batch AS (SELECT * FROM artist WHERE id > $1::uuid ORDER BY id LIMIT $2)
    SELECT artist.id, artist.name AS label, ${faults(
      ['counters', 'artist.track_count <> held.tracks', "'it counts ' || artist.track_count || ' tracks and has ' || held.tracks"],
      ['counters', 'artist.album_count <> held.albums', "'it counts ' || artist.album_count || ' albums and has ' || held.albums"],
      ['search', `artist.track_count > 0 AND ${unsearchable('artist.id')}`, "'search does not find it'"])}
    FROM batch AS artist LEFT JOIN LATERAL (
      SELECT (SELECT count(*) FROM (
          SELECT track.id FROM track_artist JOIN track ON track.id = track_id
          WHERE artist_id = artist.id AND role IN ('main', 'featured') AND track.state = 'published'
          UNION SELECT track.id FROM album_artist JOIN track ON track.album_id = album_artist.album_id
          WHERE artist_id = artist.id AND track.state = 'published') AS theirs) AS tracks,
        (SELECT count(*) FROM album_artist WHERE artist_id = artist.id
          AND EXISTS (SELECT FROM track WHERE track.album_id = album_artist.album_id AND track.state = 'published')) AS albums) AS held ON TRUE
    ORDER BY artist.id`
}

const genres: RowCheck = {
  step: 'genres',
  noun: 'genre',
  sql: `WITH batch AS (SELECT * FROM genre WHERE id > $1::uuid ORDER BY id LIMIT $2)
    SELECT genre.id, genre.name AS label, ${faults(
      ['counters', 'genre.track_count <> held.tracks', "'it counts ' || genre.track_count || ' tracks and has ' || held.tracks"])}
    FROM batch AS genre LEFT JOIN LATERAL (
      SELECT count(*) AS tracks FROM track_genre JOIN track ON track.id = track_id WHERE genre_id = genre.id AND state = 'published') AS held ON TRUE
    ORDER BY genre.id`
}

const uploads = (stuckAfterMs: number): RowCheck => ({
  step: 'uploads',
  noun: 'upload',
  values: [stuckAfterMs / 1_000],
  sql: `WITH batch AS (SELECT * FROM upload WHERE id > $1::uuid ORDER BY id LIMIT $2)
    SELECT upload.id, upload.relative_path AS label, ${faults(
      ['I1', "upload.state IN ('published', 'duplicate') AND upload.track_id IS NULL", "'it has ended well, but its track is missing'"],
      ['I5', "upload.state = 'rejected' AND coalesce(upload.reason, '') = ''", "'it was rejected without a reason'"],
      ['I5', "upload.state = 'received' AND upload.updated_at < now() - make_interval(secs => $3)", "'it has not ended: ' || coalesce(upload.reason, 'its job is ' || coalesce(job.state::text, 'missing'))"])}
    FROM batch AS upload LEFT JOIN LATERAL (SELECT state FROM job WHERE upload_id = upload.id LIMIT 1) AS job ON TRUE
    ORDER BY upload.id`
})

/** Everything that the database alone can tell, in batches of bounded size. */
export async function * checkRows ({ pool }: Pick<Database, 'pool'>, stuckAfterMs: number, onProgress: Progress): AsyncIterable<Breach> {
  for (const { step, noun, sql, values = [] } of [tracks, albums, artists, genres, uploads(stuckAfterMs)]) {
    let last = beforeAll
    for (let done = 0; ;) {
      const { rows } = await pool.query<CheckedRow>(sql, [last, batchRows, ...values])
      for (const row of rows) for (const fault of row.faults) yield toBreach(noun, row, fault)
      done += rows.length
      onProgress(step, done)
      last = rows.at(-1)?.id ?? last
      if (rows.length < batchRows) break
    }
  }
}

const invariants: readonly Invariant[] = ['I1', 'I2', 'I3', 'I4', 'I5', 'counters', 'search']

function toBreach (noun: string, { id, label }: CheckedRow, fault: string): Breach {
  const [name, ...message] = fault.split('|')
  const invariant = invariants.find((known) => known === name)
  if (invariant === undefined) throw new Error(`the check of a ${noun} names no invariant: ${fault}`)
  return { invariant, subject: `${noun} ${id} "${label}"`, message: message.join('|') }
}
