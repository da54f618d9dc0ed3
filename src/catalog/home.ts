import type { Database } from '../platform/database/database.ts'
import { type Listener, readAlbums, readTracks } from './catalogue-rows.ts'
import type { Home } from './schemas.ts'

const shown = 20
/** Plays looked through for the last different tracks. */
const recentPlays = 200
/** Counting a million rows takes 200 ms: it may take at most this share of the time. */
const countingShare = 0.02

type Totals = Home['totals']

/** What greets a listener. `totals` is kept by the caller: see createTotals. */
export async function getHome (db: Database, listener: Listener, totals: () => Promise<Totals>): Promise<Home> {
  const [recentlyAdded, favourites, recentlyPlayed, counts] = await Promise.all([
    readAlbums(db, listener, {
      name: 'home-added',
      sql: `SELECT id, row_number() OVER (ORDER BY added_at DESC, id DESC) AS ord FROM album WHERE track_count > 0 ORDER BY added_at DESC, id DESC LIMIT ${shown}`
    }),
    readTracks(db, listener, {
      name: 'home-favourites',
      sql: `SELECT item_id AS id, row_number() OVER (ORDER BY f.created_at DESC, item_id DESC) AS ord
        FROM favourite f JOIN track t ON t.id = item_id AND t.state = 'published'
        WHERE user_id = $1 AND kind = 'track' ORDER BY f.created_at DESC, item_id DESC LIMIT ${shown}`
    }),
    readTracks(db, listener, {
      name: 'home-played',
      sql: `SELECT track_id AS id, row_number() OVER (ORDER BY max(started_at) DESC) AS ord
        FROM (SELECT track_id, started_at FROM play WHERE user_id = $1 ORDER BY started_at DESC, id DESC LIMIT ${recentPlays}) latest
        GROUP BY track_id ORDER BY ord LIMIT ${shown}`
    }),
    totals()
  ])
  return {
    recentlyAdded: recentlyAdded.map(({ album }) => album),
    favourites: favourites.map(({ track }) => track),
    recentlyPlayed: recentlyPlayed.map(({ track }) => track),
    totals: counts
  }
}

/**
 * Counts what listeners can see, anew at each call while that is quick; the longer it takes, the longer the last
 * count stands. Calls during a count share it.
 */
export function createTotals (db: Database): () => Promise<Totals> {
  let counted: Promise<Totals> | undefined
  let staleAt = 0
  return () => {
    const began = performance.now()
    if (counted !== undefined && began < staleAt) return counted
    staleAt = Infinity
    counted = countVisible(db).finally(() => { staleAt = performance.now() + (performance.now() - began) / countingShare })
    counted.catch(() => { counted = undefined })
    return counted
  }
}

async function countVisible ({ pool }: Database): Promise<Totals> {
  const { rows: [row] } = await pool.query<Record<keyof Totals, string>>(`SELECT (SELECT count(*) FROM track WHERE state = 'published') AS tracks,
    (SELECT count(*) FROM album WHERE track_count > 0) AS albums, (SELECT count(*) FROM artist WHERE track_count > 0) AS artists`)
  return { tracks: Number(row?.tracks), albums: Number(row?.albums), artists: Number(row?.artists) }
}
