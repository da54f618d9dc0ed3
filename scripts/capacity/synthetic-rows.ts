import { createHash, randomUUID } from 'node:crypto'
import { acceptableHash } from '../../src/accounts/users.ts'
import { normalise, sortKey } from '../../src/catalog/normalise.ts'
import type { Database } from '../../src/platform/database/database.ts'
import { createRandom, inventCatalogue, loadDocuments, type Random, type SyntheticDocument } from '../../test/support/synthetic-catalogue.ts'
import type { RowCosts } from './measured-costs.ts'

type Pool = Pick<Database, 'pool'>

export const syntheticPassword = 'a long enough password'

export interface SyntheticRows {
  readonly documents: readonly SyntheticDocument[]
  readonly trackIds: readonly string[]
  readonly albumIds: readonly string[]
  readonly artistIds: readonly string[]
  readonly usernames: readonly string[]
  readonly costs: RowCosts
}

const userCount = 1_000
const playsPerUser = 100
const fragmentTicks = 176_128
const artworkSizesPx = [64, 128, 256, 512, 1200]
const batch = 2_000
const createdAt = '2026-01-01T00:00:00Z'

/** Everything of a track but search, then search; what belongs to a user; plays. */
const tables = {
  track: ['artist', 'album', 'album_artist', 'track', 'track_artist', 'original', 'rendition', 'waveform', 'artwork', 'artwork_image', 'stored_object'],
  search: ['search_doc', 'search_term'],
  user: ['user_account', 'session', 'playlist', 'playlist_item', 'favourite', 'rating'],
  play: ['play']
} as const

/** Fills an empty database as an archive of so many tracks would be, and says what a row of each kind takes. */
export async function loadSyntheticRows (db: Pool, tracks: number): Promise<SyntheticRows> {
  const documents = inventCatalogue(tracks)
  const random = createRandom(3)
  await insertTrackTables(db, documents, random)
  await loadDocuments(db, documents)
  const ids = (kind: number) => documents.filter((document) => document.kind === kind).map(({ id }) => id)
  const trackIds = ids(3)
  const usernames = await insertUsers(db, trackIds)
  await insertPlays(db, trackIds)
  await db.pool.query('VACUUM ANALYZE')
  return { documents, trackIds, albumIds: ids(2), artistIds: ids(1), usernames, costs: await rowCosts(db, trackIds.length) }
}

async function rowCosts ({ pool }: Pool, tracks: number): Promise<RowCosts> {
  const bytes = async (names: readonly string[]) => {
    const { rows: [row] } = await pool.query<{ bytes: string }>('SELECT sum(pg_total_relation_size(name::regclass)) AS bytes FROM unnest($1::text[]) AS t(name)', [names])
    return Number(row?.bytes)
  }
  const search = await bytes(tables.search)
  return {
    tracks,
    trackBytes: Math.round((await bytes(tables.track) + search) / tracks),
    searchBytesPerTrack: Math.round(search / tracks),
    userBytes: Math.round(await bytes(tables.user) / userCount),
    playBytes: Math.round(await bytes(tables.play) / (userCount * playsPerUser))
  }
}

interface Place {
  artistId: string
  albumId: string
  artworkId: string
  trackNo: number
}

async function insertTrackTables ({ pool }: Pool, documents: readonly SyntheticDocument[], random: Random): Promise<void> {
  const client = await pool.connect()
  try {
    // Tracks and originals point at each other, and each table is written in pieces: keys are not checked meanwhile.
    await client.query("SET session_replication_role = 'replica'")
    const rows = new Map<string, Array<Record<string, unknown>>>()
    const insert = async (least: number) => {
      for (const [table, list] of rows) {
        if (list.length < least) continue
        await client.query(`INSERT INTO ${table} (${Object.keys(list[0] ?? {}).join(', ')}) SELECT ${Object.keys(list[0] ?? {}).join(', ')} FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`, [JSON.stringify(list)])
        rows.delete(table)
      }
    }
    const add = (table: string, row: Record<string, unknown>) => {
      const list = rows.get(table)
      if (list === undefined) rows.set(table, [row])
      else list.push(row)
    }
    const place: Place = { artistId: '', albumId: '', artworkId: '', trackNo: 0 }
    const known = new Set<string>()
    for (const document of documents) {
      addDocument({ document, place, known, random }, add)
      await insert(batch)
    }
    await insert(1)
    await client.query("SET session_replication_role = 'origin'")
  } finally {
    client.release()
  }
}

type Add = (table: string, row: Record<string, unknown>) => void

/** The documents come as artist, album, five tracks, album, five tracks. */
function addDocument ({ document, place, known, random }: { document: SyntheticDocument, place: Place, known: Set<string>, random: Random }, add: Add): void {
  const { kind, id, title, artist } = document
  if (kind === 1) {
    const key = normalise(title)
    add('artist', { id, name: title, sort_name: sortKey(title), name_key: key, musicbrainz_id: known.has(key) ? id : '', album_count: 2, track_count: 10, created_at: createdAt })
    known.add(key)
    place.artistId = id
  } else if (kind === 2) {
    Object.assign(place, { albumId: id, artworkId: randomUUID(), trackNo: 0 })
    add('album', { id, title, sort_title: sortKey(title), identity_key: `${normalise(artist)} ${normalise(title)} ${id}`, artist_credit: artist, year: 1960 + Math.floor(random() * 66), artwork_id: place.artworkId, track_count: 5, duration_ms: 1_050_000, created_at: createdAt, added_at: new Date(1.7e12 + random() * 5e10).toISOString() })
    add('album_artist', { album_id: id, artist_id: place.artistId, position: 0 })
    addArtwork(place.artworkId, add)
  } else {
    place.trackNo += 1
    addTrack(document, place, random, add)
  }
}

function addArtwork (id: string, add: Add): void {
  add('artwork', { id, source_sha256: hashOf(id), width_px: 1_200, height_px: 1_200, blurhash: 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', dominant_colour: '#7a3b2c', recipe_version: 1, created_at: createdAt })
  for (const sizePx of artworkSizesPx) {
    for (const format of ['webp', 'avif']) {
      const key = `media/artwork/${id}/1/${sizePx}.${format}`
      add('artwork_image', { artwork_id: id, size_px: sizePx, format, object_key: key })
      addObject(key, add)
    }
  }
}

function addTrack ({ id, title, artist, rank }: SyntheticDocument, { albumId, artistId, artworkId, trackNo }: Place, random: Random, add: Add): void {
  const sha256 = hashOf(id)
  const objectKey = `originals/sha256/${sha256.slice(0, 2)}/${sha256}`
  const seconds = 150 + Math.floor(random() * 120)
  const lossless = random() < 0.5
  addObject(objectKey, add)
  add('original', { sha256, object_key: objectKey, file_name: `${trackNo} ${title}.flac`, audio_hash: hashOf(sha256), container: 'flac', codec: 'flac', lossless, sample_rate: 44_100, channels: 2, bit_depth: 16, bitrate_kbps: 900, duration_ms: seconds * 1_000, track_id: id, created_at: createdAt })
  add('track', {
    id, state: 'published', title, sort_title: sortKey(title), album_id: albumId, artist_credit: artist, disc_no: 1, track_no: trackNo, year: 2001, duration_ms: seconds * 1_000, original_id: sha256, artwork_id: artworkId, fence: 1, loudness_lufs: -9.5, true_peak_dbtp: -0.3, play_count: rank, created_at: createdAt, published_at: new Date(1.7e12 + random() * 5e10).toISOString()
  })
  add('track_artist', { track_id: id, artist_id: artistId, role: 'main', position: 0 })
  for (const [name, kbps] of [['aac-96', 96], ['aac-160', 160], ['aac-256', 256], ...(lossless ? [['flac', 900] as const] : [])] as const) {
    const key = `media/${id}/1/${name}.mp4`
    addObject(key, add)
    add('rendition', { id: randomUUID(), track_id: id, name, codec: name === 'flac' ? 'flac' : 'aac', mime_type: 'audio/mp4; codecs="mp4a.40.2"', bitrate_kbps: kbps, sample_rate: 44_100, channels: 2, object_key: key, recipe_version: 1, init_bytes: 1_200, timescale: 44_100, fragments: fragments(seconds, kbps, random), sample_count: seconds * 44_100, encoder_delay: 1_024 })
  }
  addObject(`media/${id}/1/waveform.bin`, add)
  add('waveform', { track_id: id, object_key: `media/${id}/1/waveform.bin`, recipe_version: 1, bars: 800 })
}

/** Four seconds each, of sizes that vary as coded music does. */
function fragments (seconds: number, kbps: number, random: Random): number[][] {
  let offset = 1_200
  return Array.from({ length: Math.ceil(seconds / 4) }, () => {
    const size = Math.round(kbps * 500 * (0.9 + random() * 0.2))
    const fragment = [offset, size, fragmentTicks]
    offset += size
    return fragment
  })
}

function addObject (key: string, add: Add): void {
  add('stored_object', { key, size_bytes: 100_000, sha256: hashOf(key), content_type: 'audio/mp4', created_at: createdAt })
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

async function insertUsers ({ pool }: Pool, trackIds: readonly string[]): Promise<string[]> {
  const usernames = Array.from({ length: userCount }, (_, index) => `listener${index}`)
  const hash = await acceptableHash({ username: 'listener', password: syntheticPassword })
  await pool.query(`INSERT INTO user_account (id, username, username_key, display_name, password_hash, role, updated_at)
    SELECT gen_random_uuid(), name, name, 'Listener ' || n, $2, CASE WHEN n % 20 = 0 THEN 'curator' ELSE 'listener' END::"Role", now() FROM unnest($1::text[]) WITH ORDINALITY AS u(name, n)`, [usernames, hash])
  await pool.query(`INSERT INTO session (id, user_id, refresh_token_hash, previous_token_hash, rotated_at, expires_at, user_agent)
    SELECT gen_random_uuid(), id, sha256(uuid_send(gen_random_uuid()))::text, sha256(uuid_send(gen_random_uuid()))::text, now(), now() + interval '30 days', 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0' FROM user_account, generate_series(1, 2)`)
  await pool.query("INSERT INTO playlist (id, owner_id, name, name_key, track_count) SELECT gen_random_uuid(), id, 'My favourites', 'my favourites', 20 FROM user_account")
  const some = [...trackIds].slice(0, 5_000)
  await pool.query(`INSERT INTO playlist_item (id, playlist_id, track_id, rank)
    SELECT gen_random_uuid(), p.id, ($1::uuid[])[1 + floor(random() * $2)::int], 'a' || lpad(n::text, 3, '0') FROM playlist p, generate_series(1, 20) AS n`, [some, some.length])
  await pool.query(`INSERT INTO favourite (user_id, kind, item_id)
    SELECT u.id, 'track', ($1::uuid[])[1 + floor(random() * $2)::int] FROM user_account u, generate_series(1, 20) ON CONFLICT DO NOTHING`, [some, some.length])
  await pool.query(`INSERT INTO rating (user_id, track_id, stars)
    SELECT u.id, ($1::uuid[])[1 + floor(random() * $2)::int], 4 FROM user_account u, generate_series(1, 5) ON CONFLICT DO NOTHING`, [some, some.length])
  return usernames
}

async function insertPlays ({ pool }: Pool, trackIds: readonly string[]): Promise<void> {
  await pool.query(`INSERT INTO play (id, user_id, track_id, started_at, played_ms, counted)
    SELECT gen_random_uuid(), u.id, ($1::uuid[])[1 + floor(random() * $2)::int], now() - random() * interval '90 days', 200000, true
    FROM generate_series(1, $3::int), user_account u`, [trackIds.slice(0, 20_000), Math.min(20_000, trackIds.length), playsPerUser])
}
