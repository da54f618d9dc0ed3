import type { PersonalRows } from '../platform/database/read-in-pages.ts'

/** Without the links themselves: only a hash of each is kept. */
export const sharesOfPerson: PersonalRows = {
  name: 'shares',
  table: 'share',
  entry: 'json_build_object(\'id\', s.id, \'kind\', s.kind, \'itemId\', s.item_id, \'note\', s.note, \'createdAt\', s.created_at, \'expiresAt\', s.expires_at, \'revokedAt\', s.revoked_at, \'playCount\', s.play_count)',
  from: 'share s',
  whose: 's.owner_id = $1',
  keys: [['s.created_at', 'timestamptz'], ['s.id', 'uuid']]
}
