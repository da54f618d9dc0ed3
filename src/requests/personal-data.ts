import type { PersonalRows } from '../platform/database/read-in-pages.ts'

/** Songs that a person asked for or answered for, and whose requests they joined. */
export const requestsOfPerson: readonly PersonalRows[] = [
  {
    name: 'songRequests',
    table: 'song_request',
    entry: 'json_build_object(\'id\', r.id, \'title\', r.title, \'artist\', r.artist, \'note\', r.note, \'state\', r.state, \'asked\', r.asker_id IS NOT DISTINCT FROM $1, \'createdAt\', r.created_at)',
    from: 'song_request r',
    whose: '(r.asker_id = $1 OR r.handler_id = $1)',
    keys: [['r.created_at', 'timestamptz'], ['r.id', 'uuid']]
  },
  {
    name: 'songRequestVotes',
    table: 'song_request_vote',
    entry: 'json_build_object(\'requestId\', v.request_id, \'title\', r.title, \'artist\', r.artist, \'createdAt\', v.created_at)',
    from: 'song_request_vote v JOIN song_request r ON r.id = v.request_id',
    whose: 'v.user_id = $1',
    keys: [['v.request_id', 'uuid']]
  }
]
