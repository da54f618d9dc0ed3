import type { PersonalRows } from '../platform/database/read-in-pages.ts'

export const editsOfPerson: PersonalRows = {
  name: 'edits',
  table: 'change_set',
  entry: 'json_build_object(\'id\', c.id, \'kind\', c.kind, \'subject\', c.subject, \'fields\', c.fields, \'createdAt\', c.created_at, \'undoneAt\', c.undone_at, \'byYou\', c.user_id IS NOT DISTINCT FROM $1)',
  from: 'change_set c',
  whose: '(c.user_id = $1 OR c.undone_by_id = $1)',
  keys: [['c.created_at', 'timestamptz'], ['c.id', 'uuid']]
}
