import type { PersonalRows } from '../platform/database/read-in-pages.ts'

/** What the playlists' tables keep about a person, for the export of their data. */
export const playlistsOfPerson: readonly PersonalRows[] = [
  {
    name: 'playlists',
    table: 'playlist',
    entry: `json_build_object('id', p.id, 'name', p.name, 'description', p.description, 'visibility', p.visibility, 'createdAt', p.created_at, 'updatedAt', p.updated_at,
      'tracks', (SELECT COALESCE(json_agg(json_build_object('trackId', t.id, 'title', t.title, 'artist', t.artist_credit, 'addedAt', i.added_at) ORDER BY i.rank COLLATE "C"), '[]')
        FROM playlist_item i JOIN track t ON t.id = i.track_id WHERE i.playlist_id = p.id))`,
    from: 'playlist p',
    whose: 'p.owner_id = $1',
    keys: [['p.updated_at', 'timestamptz'], ['p.id', 'uuid']]
  },
  {
    name: 'addedToPlaylists',
    table: 'playlist_item',
    entry: 'json_build_object(\'playlistId\', i.playlist_id, \'trackId\', i.track_id, \'addedAt\', i.added_at)',
    from: 'playlist_item i',
    whose: 'i.added_by_id = $1 AND EXISTS (SELECT FROM playlist p WHERE p.id = i.playlist_id AND p.owner_id <> $1)',
    keys: [['i.id', 'uuid']]
  },
  {
    name: 'favourites',
    table: 'favourite',
    entry: `json_build_object('kind', f.kind, 'id', f.item_id, 'createdAt', f.created_at, 'name', CASE f.kind
      WHEN 'track' THEN (SELECT title FROM track WHERE id = f.item_id) WHEN 'album' THEN (SELECT title FROM album WHERE id = f.item_id) ELSE (SELECT name FROM artist WHERE id = f.item_id) END)`,
    from: 'favourite f',
    whose: 'f.user_id = $1',
    keys: [['f.created_at', 'timestamptz'], ['f.item_id', 'uuid']]
  },
  {
    name: 'ratings',
    table: 'rating',
    entry: 'json_build_object(\'trackId\', r.track_id, \'title\', t.title, \'stars\', r.stars, \'updatedAt\', r.updated_at)',
    from: 'rating r JOIN track t ON t.id = r.track_id',
    whose: 'r.user_id = $1',
    keys: [['r.track_id', 'uuid']]
  },
  {
    name: 'queue',
    table: 'play_queue',
    entry: 'json_build_object(\'entries\', q.entries, \'repeat\', q.repeat, \'placeMs\', q.place_ms, \'updatedAt\', q.updated_at)',
    from: 'play_queue q',
    whose: 'q.user_id = $1',
    keys: [['q.user_id', 'uuid']]
  }
]
