import type { Reader } from '../platform/database/database.ts'
import { albumsByIds } from './albums.ts'
import { type Listener, readAlbums, readTracks } from './catalogue-rows.ts'
import type { Home } from './schemas.ts'

const shown = 20
const shownTracks = 10
/** Plays looked through for the last different tracks. */
const recentPlays = 200
/** Plays looked through for the most played of the last month. */
const countedPlays = 1_000
/** A track heard so far is over: the next one is where to go on. */
const heardShare = 0.9
/** Counting a million rows takes 200 ms: it may take at most this share of the time. */
const countingShare = 0.02

type Totals = Home['totals']

/** What greets a listener. `totals` is kept by the caller: see createTotals. */
export async function getHome (reader: Reader, listener: Listener, totals: (reader: Reader) => Promise<Totals>): Promise<Home> {
  const [lastHeard, heardAlbums, recentlyAdded, favourites, recentlyPlayed, mostPlayed, counts] = await Promise.all([
    getLastHeard(reader, listener),
    readAlbums(reader, listener, {
      name: 'home-heard',
      sql: `SELECT t.album_id AS id, row_number() OVER (ORDER BY max(latest.started_at) DESC) AS ord
        FROM (SELECT track_id, started_at FROM play WHERE user_id = $1 ORDER BY started_at DESC, id DESC LIMIT ${recentPlays}) latest
        JOIN track t ON t.id = latest.track_id AND t.state = 'published' GROUP BY t.album_id ORDER BY ord LIMIT ${shown}`
    }),
    readAlbums(reader, listener, {
      name: 'home-added',
      sql: `SELECT id, row_number() OVER (ORDER BY added_at DESC, id DESC) AS ord FROM album WHERE track_count > 0 ORDER BY added_at DESC, id DESC LIMIT ${shown}`
    }),
    readTracks(reader, listener, {
      name: 'home-favourites',
      sql: `SELECT item_id AS id, row_number() OVER (ORDER BY f.created_at DESC, item_id DESC) AS ord
        FROM favourite f JOIN track t ON t.id = item_id AND t.state = 'published'
        WHERE user_id = $1 AND kind = 'track' ORDER BY f.created_at DESC, item_id DESC LIMIT ${shownTracks}`
    }),
    readTracks(reader, listener, {
      name: 'home-played',
      sql: `SELECT track_id AS id, row_number() OVER (ORDER BY max(started_at) DESC) AS ord
        FROM (SELECT track_id, started_at FROM play WHERE user_id = $1 ORDER BY started_at DESC, id DESC LIMIT ${recentPlays}) latest
        GROUP BY track_id ORDER BY ord LIMIT ${shownTracks}`
    }),
    readTracks(reader, listener, {
      name: 'home-most-played',
      sql: `SELECT track_id AS id, row_number() OVER (ORDER BY count(*) DESC, max(started_at) DESC) AS ord
        FROM (SELECT track_id, started_at FROM play WHERE user_id = $1 AND started_at > now() - interval '30 days' AND counted
          ORDER BY started_at DESC, id DESC LIMIT ${countedPlays}) latest
        GROUP BY track_id HAVING count(*) > 1 ORDER BY ord LIMIT ${shownTracks}`
    }),
    totals(reader)
  ])
  return {
    lastHeard,
    heardAlbums: heardAlbums.map(({ album }) => album),
    recentlyAdded: recentlyAdded.map(({ album }) => album),
    favourites: favourites.map(({ track }) => track),
    recentlyPlayed: recentlyPlayed.map(({ track }) => track),
    mostPlayed: mostPlayed.map(({ track }) => track),
    totals: counts
  }
}

/** The album of the last play; the track itself, or the next one where it was heard to its end; null after an album's last. */
async function getLastHeard (reader: Reader, listener: Listener): Promise<Home['lastHeard']> {
  const { rows: [place] } = await reader.pool.query<{ album_id: string, id: string, track_no: number }>({
    name: 'home-last-heard',
    text: `SELECT n.album_id, n.id, n.track_no FROM (
        SELECT t.*, p.played_ms FROM play p JOIN track t ON t.id = p.track_id AND t.state = 'published'
        WHERE p.user_id = $1 ORDER BY p.started_at DESC, p.id DESC LIMIT 1) t
      CROSS JOIN LATERAL (SELECT * FROM track n WHERE n.album_id = t.album_id AND n.state = 'published'
        AND ((t.played_ms < t.duration_ms * ${heardShare} AND n.id = t.id)
          OR (t.played_ms >= t.duration_ms * ${heardShare} AND (n.disc_no, n.track_no, n.sort_title, n.id) > (t.disc_no, t.track_no, t.sort_title, t.id)))
        ORDER BY n.disc_no, n.track_no, n.sort_title, n.id LIMIT 1) n`,
    values: [listener.userId]
  })
  if (place === undefined) return null
  const [album] = await albumsByIds(reader, listener, [place.album_id])
  return album === undefined ? null : { album, trackId: place.id, trackNo: place.track_no }
}

/**
 * Counts what listeners can see, anew at each call while that is quick; the longer it takes, the longer the last
 * count stands. Calls during a count share it. What was counted on a replica is no answer for who must read the writer.
 */
export function createTotals (): (reader: Reader) => Promise<Totals> {
  const kept = new WeakMap<Reader, { readonly counted: Promise<Totals>, staleAt: number }>()
  return (reader) => {
    const began = performance.now()
    const last = kept.get(reader)
    if (last !== undefined && began < last.staleAt) return last.counted
    const count = { counted: countVisible(reader), staleAt: Infinity }
    kept.set(reader, count)
    count.counted.then(
      () => { count.staleAt = performance.now() + (performance.now() - began) / countingShare },
      () => kept.delete(reader))
    return count.counted
  }
}

async function countVisible ({ pool }: Reader): Promise<Totals> {
  const { rows: [row] } = await pool.query<Record<keyof Totals, string>>(`SELECT (SELECT count(*) FROM track WHERE state = 'published') AS tracks,
    (SELECT count(*) FROM album WHERE track_count > 0) AS albums, (SELECT count(*) FROM artist WHERE track_count > 0) AS artists`)
  return { tracks: Number(row?.tracks), albums: Number(row?.albums), artists: Number(row?.artists) }
}
