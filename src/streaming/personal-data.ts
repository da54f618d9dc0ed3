import type { PersonalRows } from '../platform/database/read-in-pages.ts'

/** What was heard, the oldest first. */
export const playsOfPerson: PersonalRows = {
  name: 'plays',
  table: 'play',
  entry: 'json_build_object(\'id\', p.id, \'trackId\', p.track_id, \'title\', t.title, \'artist\', t.artist_credit, \'startedAt\', p.started_at, \'playedMs\', p.played_ms, \'counted\', p.counted)',
  from: 'play p JOIN track t ON t.id = p.track_id',
  whose: 'p.user_id = $1',
  keys: [['p.started_at', 'timestamptz'], ['p.id', 'uuid']]
}
