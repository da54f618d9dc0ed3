import { editsOfPerson } from '../editing/personal-data.ts'
import { type PersonalRows, readInPages } from '../platform/database/read-in-pages.ts'
import type { Database } from '../platform/database/database.ts'
import { playlistsOfPerson } from '../playlists/personal-data.ts'
import { requestsOfPerson } from '../requests/personal-data.ts'
import { sharesOfPerson } from '../sharing/personal-data.ts'
import { playsOfPerson } from '../streaming/personal-data.ts'
import { uploadsOfPerson } from '../uploads/personal-data.ts'
import type { Actor } from './actor.ts'
import { appendAudit } from './audit.ts'
import { findPreferences } from './preferences.ts'

/** Without what opens a door: of passwords and tokens only hashes are kept, and those stay here. */
const account: readonly PersonalRows[] = [
  {
    name: 'account',
    table: 'user_account',
    entry: 'json_build_object(\'id\', u.id, \'username\', u.username, \'displayName\', u.display_name, \'role\', u.role, \'createdAt\', u.created_at)',
    from: 'user_account u',
    whose: 'u.id = $1',
    keys: [['u.id', 'uuid']]
  },
  {
    name: 'sessions',
    table: 'session',
    entry: 'json_build_object(\'id\', s.id, \'userAgent\', s.user_agent, \'createdAt\', s.created_at, \'lastUsedAt\', s.rotated_at, \'endedAt\', s.revoked_at)',
    from: 'session s',
    whose: 's.user_id = $1',
    keys: [['s.id', 'uuid']]
  },
  {
    name: 'apiTokens',
    table: 'api_token',
    entry: 'json_build_object(\'id\', t.id, \'name\', t.name, \'createdAt\', t.created_at, \'lastUsedAt\', t.last_used_at, \'revokedAt\', t.revoked_at)',
    from: 'api_token t',
    whose: 't.user_id = $1',
    keys: [['t.id', 'uuid']]
  },
  {
    name: 'appPasswords',
    table: 'app_password',
    entry: 'json_build_object(\'id\', p.id, \'name\', p.name, \'createdAt\', p.created_at, \'lastUsedAt\', p.last_used_at, \'revokedAt\', p.revoked_at)',
    from: 'app_password p',
    whose: 'p.user_id = $1',
    keys: [['p.id', 'uuid']]
  },
  {
    name: 'auditLog',
    table: 'audit_event',
    entry: 'json_build_object(\'at\', a.at, \'action\', a.action, \'subject\', a.subject, \'details\', a.details)',
    from: 'audit_event a',
    whose: '(a.actor_id = $1 OR a.subject = \'user:\' || $1)',
    keys: [['a.id', 'bigint']]
  }
]

/** All that is kept about a person. A table that names people stands here or below; a test compares with the database. */
export const personalData: readonly PersonalRows[] = [
  ...account, ...playlistsOfPerson, playsOfPerson, uploadsOfPerson, sharesOfPerson, ...requestsOfPerson, editsOfPerson
]

/** Tables that name people and aren't in the export as lists, and why. */
export const notExported: Readonly<Record<string, string>> = {
  preferences: 'given as the field preferences',
  play_queue_operation: 'how the queue came to be what it is; a device that missed something reads it',
  play_device: 'which of the sessions is open at this moment'
}

/** Notes the export in the audit log: whoever got hold of a session leaves a trace. */
export async function beginExport (db: Database, actor: Actor, now: Date): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'account.exported', subject: `user:${actor.userId}` })
  })
}

/** One JSON document, piece by piece, of everything that is kept about the actor. */
export async function * exportPersonalData (db: Database, actor: Actor, now: Date): AsyncGenerator<string> {
  yield `{\n"exportedAt": ${JSON.stringify(now.toISOString())},\n"preferences": ${JSON.stringify(await findPreferences(db, actor))}`
  for (const rows of personalData) {
    yield `,\n${JSON.stringify(rows.name)}: [`
    let comma = '\n'
    for await (const entry of readInPages(db, rows, actor.userId)) {
      yield `${comma}${entry}`
      comma = ',\n'
    }
    yield ']'
  }
  yield '\n}\n'
}
