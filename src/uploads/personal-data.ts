import type { PersonalRows } from '../platform/database/read-in-pages.ts'

export const uploadsOfPerson: PersonalRows = {
  name: 'uploads',
  table: 'upload',
  entry: 'json_build_object(\'id\', u.id, \'path\', u.relative_path, \'sizeBytes\', u.size_bytes, \'state\', u.state, \'reason\', u.reason, \'trackId\', u.track_id, \'createdAt\', u.created_at, \'finishedAt\', u.finished_at)',
  from: 'upload u',
  whose: 'u.user_id = $1',
  keys: [['u.fingerprint', 'text'], ['u.id', 'uuid']]
}
