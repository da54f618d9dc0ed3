import type { Database } from '../platform/database/database.ts'
import type { Actor } from './actor.ts'
import { appendAudit } from './audit.ts'
import { confirmPassword, type PasswordCheckDeps } from './own-account.ts'
import { erasureLimits, eraseUser, lockAdmins, refuseForLastAdmin } from './users.ts'

export interface AccountDeletion {
  readonly password: string
  readonly address: string
  readonly now: Date
}

/**
 * Removes the caller's account and everything that is only theirs: playlists, also those that others see, favourites,
 * ratings, history, sessions, tokens. Music and uploads stay, without a name. The audit log keeps the id.
 * @throws WrongPasswordError, TooManySignInsError, BusyError, LastAdminError
 */
export async function deleteOwnAccount (deps: PasswordCheckDeps & { readonly db: Database }, actor: Actor, { password, address, now }: AccountDeletion): Promise<void> {
  await confirmPassword(deps, actor, { password, address })
  await deps.db.prisma.$transaction(async (tx) => {
    await lockAdmins(tx)
    const user = await tx.user.findUniqueOrThrow({ where: { id: actor.userId } })
    await refuseForLastAdmin(tx, user)
    await eraseUser(tx, user.id)
    await appendAudit(tx, { at: now, actorId: user.id, action: 'account.deleted', subject: `user:${user.id}`, details: { reason: 'by its owner' } })
  }, erasureLimits)
}
