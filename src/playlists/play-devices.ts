import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { SessionEndedError } from '../accounts/sessions.ts'
import type { Database } from '../platform/database/database.ts'
import { notification, tell } from '../platform/database/notifications.ts'
import type { DeviceCommand, DeviceReport, Devices, Place } from './queue-schemas.ts'

export const DeviceNotFoundError = createError('DEVICE_NOT_FOUND', 'this browser isn’t open any more', 404)

interface Caller {
  readonly actor: Actor
  /** A device is a browser that is signed in. */
  readonly sessionId: string
}

interface PlaceRow {
  readonly sessionId: string | null
  readonly playing: boolean
  readonly key: string | null
  readonly placeMs: number
  readonly placeAt: Date
}

/** Open browsers report every minute; one that is silent for longer isn't open. */
const openForMs = 130_000
/** One that plays reports every 15 s. Silent for longer it has died, and its last place counts. */
const placeHoldsMs = 20_000

/**
 * Notes that a browser is open and, where it is the one that plays or claims to be, where it is in which entry. The
 * others are told when that starts, stops, or changes hands.
 * @throws SessionEndedError where the session ended a moment ago
 */
export async function reportDevice (db: Database, { actor, sessionId }: Caller, { playing, key, positionMs, claim }: DeviceReport, now: Date): Promise<void> {
  authorise(actor, 'listen')
  const { userId } = actor
  const { rows: [seen] } = await db.pool.query<{ opened: boolean }>({
    name: 'device-seen',
    text: `WITH before AS (SELECT seen_at FROM play_device WHERE session_id = $1)
      INSERT INTO play_device (session_id, user_id, seen_at) SELECT id, $2, $3 FROM session WHERE id = $1 AND revoked_at IS NULL FOR KEY SHARE
      ON CONFLICT (session_id) DO UPDATE SET seen_at = $3
      RETURNING COALESCE((SELECT seen_at < $4 FROM before), true) AS opened`,
    values: [sessionId, userId, now, new Date(now.getTime() - openForMs)]
  })
  if (seen === undefined) throw new SessionEndedError()
  if (seen.opened) await tell(db, { to: { userId }, topic: 'devices', data: { opened: sessionId } })
  const { rows: [before] } = await db.pool.query<PlaceRow>(placeQuery(userId))
  if (!claim && before?.sessionId !== sessionId) return
  // The place alone is nobody's news: others reckon it from the one before.
  const isNews = claim || before?.playing !== playing || before.key !== key
  const news = notification({ to: { userId }, topic: 'devices', data: { active: sessionId, playing, key, positionMs } })
  // Another may have claimed it since it was read: then it stays with that one. Of two that claim it at once each hears of
  // the last one last; told by a statement of its own, each could hear of the other last, and both would fall silent.
  await db.pool.query({
    name: 'device-place',
    text: `WITH placed AS (
        INSERT INTO play_queue (user_id, session_id, playing, place_key, place_ms, place_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id) DO UPDATE SET session_id = $2, playing = $3, place_key = $4, place_ms = $5, place_at = $6
        WHERE $7 OR play_queue.session_id = $2 RETURNING user_id)
      SELECT pg_notify($8, $9) FROM placed WHERE $10`,
    values: [userId, sessionId, playing, key, positionMs, now, claim, ...news, isNews]
  })
}

/** Forgets a browser that closes, and says that it no longer plays. */
export async function closeDevice (db: Database, { actor, sessionId }: Caller, now: Date): Promise<void> {
  authorise(actor, 'listen')
  await db.pool.query({ name: 'device-closed', text: 'DELETE FROM play_device WHERE session_id = $1', values: [sessionId] })
  // It may not get to say where it is any more: then its place is reckoned, as others do.
  await db.pool.query({
    name: 'device-silent',
    text: `UPDATE play_queue SET playing = false, place_at = $3,
        place_ms = place_ms + CASE WHEN playing AND place_at BETWEEN $4 AND $3 THEN (extract(epoch FROM $3::timestamptz - place_at) * 1000)::int ELSE 0 END
      WHERE user_id = $1 AND session_id = $2`,
    values: [actor.userId, sessionId, now, new Date(now.getTime() - placeHoldsMs)]
  })
  await tell(db, { to: { userId: actor.userId }, topic: 'devices', data: { closed: sessionId } })
}

/** The actor's browsers that are open, this one first, and where the music is. */
export async function listDevices (db: Database, { actor, sessionId }: Caller, now: Date): Promise<Devices> {
  authorise(actor, 'listen')
  const { rows } = await db.pool.query<{ id: string, userAgent: string, seenAt: Date }>({
    name: 'devices',
    text: `SELECT s.id, s.user_agent AS "userAgent", d.seen_at AS "seenAt" FROM play_device d JOIN session s ON s.id = d.session_id
      WHERE d.user_id = $1 AND d.seen_at > $2 AND s.revoked_at IS NULL ORDER BY s.id = $3 DESC, d.seen_at DESC`,
    values: [actor.userId, new Date(now.getTime() - openForMs), sessionId]
  })
  const place = await placeOf(db, actor.userId, now)
  return { items: rows.map((row) => ({ ...row, seenAt: row.seenAt.toISOString(), here: row.id === sessionId, plays: row.id === place.deviceId })), place }
}

/** Makes this browser the one that plays. The one that played hears of it and falls silent. */
export async function takeOver (db: Database, caller: Caller, now: Date): Promise<Place> {
  const { key, positionMs } = await placeOf(db, caller.actor.userId, now)
  await reportDevice(db, caller, { playing: true, key, positionMs, claim: true }, now)
  return { key, positionMs, playing: true, deviceId: caller.sessionId }
}

/**
 * Asks another browser of the actor's to do something.
 * @throws DeviceNotFoundError
 */
export async function commandDevice (db: Database, actor: Actor, { id, command }: DeviceCommand & { readonly id: string }): Promise<void> {
  authorise(actor, 'listen')
  const { rowCount } = await db.pool.query({ name: 'device', text: 'SELECT FROM play_device WHERE session_id = $1 AND user_id = $2', values: [id, actor.userId] })
  if (rowCount === 0) throw new DeviceNotFoundError()
  await tell(db, { to: { userId: actor.userId }, topic: 'devices', data: { to: id, command } })
}

async function placeOf (db: Database, userId: string, now: Date): Promise<Place> {
  const { rows: [row] } = await db.pool.query<PlaceRow>(placeQuery(userId))
  if (row === undefined) return { key: null, positionMs: 0, playing: false, deviceId: null }
  const passedMs = Math.max(0, now.getTime() - row.placeAt.getTime())
  const alive = row.playing && passedMs <= placeHoldsMs
  return { key: row.key, positionMs: row.placeMs + (alive ? passedMs : 0), playing: alive, deviceId: row.sessionId }
}

function placeQuery (userId: string) {
  return {
    name: 'queue-place',
    text: 'SELECT session_id AS "sessionId", playing, place_key AS key, place_ms AS "placeMs", place_at AS "placeAt" FROM play_queue WHERE user_id = $1',
    values: [userId]
  }
}
