import createError from '@fastify/error'
import { type Actor, authorise, may, type Permission, permissionsOf, type Role } from '../accounts/actor.ts'

/** Who may make links for people who don't sign in. */
export type Sharing = 'off' | 'listeners' | 'curators'

export const SharingOffError = createError('SHARING_OFF', 'this organisation shares no music with people who don’t sign in', 403)
export const SharingForCuratorsError = createError('SHARING_FOR_CURATORS', 'in this organisation only curators share music; ask one of them', 403)

const roles: Readonly<Record<Sharing, readonly Role[]>> = {
  off: [],
  listeners: ['listener', 'curator', 'admin'],
  curators: ['curator', 'admin']
}

/** The roles whose links are good. A link lives on its maker's right to share: without it, it ends. */
export function rolesThatShare (sharing: Sharing): Role[] {
  return roles[sharing].filter((role) => may(role, 'share'))
}

/** @throws ForbiddenError, SharingOffError, SharingForCuratorsError */
export function authoriseSharing (actor: Actor, sharing: Sharing): void {
  authorise(actor, 'share')
  if (sharing === 'off') throw new SharingOffError()
  if (!rolesThatShare(sharing).includes(actor.role)) throw new SharingForCuratorsError()
}

/** What a role may do where sharing is set so. */
export function permissionsWhere (sharing: Sharing, role: Role): Permission[] {
  return permissionsOf(role).filter((permission) => permission !== 'share' || rolesThatShare(sharing).includes(role))
}
