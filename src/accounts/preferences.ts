import { Value } from 'typebox/value'
import type { Database } from '../platform/database/database.ts'
import { tell } from '../platform/database/notifications.ts'
import type { Actor } from './actor.ts'
import { Preferences, type PreferencesChange } from './schemas.ts'

/** What holds for somebody who never chose. */
const defaults: Preferences = { language: null, quality: 'auto', loudness: 'auto', crossfadeSeconds: 0, skipSilence: false, singleKeys: true }

export async function findPreferences (db: Database, { userId }: Pick<Actor, 'userId'>): Promise<Preferences> {
  const row = await db.prisma.preferences.findUnique({ where: { userId } })
  return complete(row?.chosen)
}

/** Two devices that change different things at once both win: only what is named is written. Their other devices are told. */
export async function changePreferences (db: Database, { userId }: Actor, { change, now }: { readonly change: PreferencesChange, readonly now: Date }): Promise<Preferences> {
  return await db.prisma.$transaction(async (tx) => {
    const rows = await tx.$queryRaw<ReadonlyArray<{ readonly chosen: unknown }>>`
      INSERT INTO preferences (user_id, chosen, updated_at) VALUES (${userId}::uuid, ${JSON.stringify(change)}::jsonb, ${now})
      ON CONFLICT (user_id) DO UPDATE SET chosen = preferences.chosen || excluded.chosen, updated_at = excluded.updated_at
      RETURNING chosen`
    await tell(tx, { to: { userId }, topic: 'preferences', data: {} })
    return complete(rows[0]?.chosen)
  })
}

/** What an older or newer version kept and this one doesn't know is as if it had never been chosen. */
function complete (chosen: unknown): Preferences {
  const known: unknown = { ...defaults, ...Value.Clean(Preferences, structuredClone(chosen ?? {})) as object }
  return Value.Check(Preferences, known) ? known : defaults
}
