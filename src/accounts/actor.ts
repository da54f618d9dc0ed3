import createError from '@fastify/error'

export type Role = 'listener' | 'curator' | 'admin' | 'auditor'

/** Who asks. Every domain function that decides anything takes one. */
export interface Actor {
  readonly userId: string
  readonly username: string
  readonly role: Role
}

export const ForbiddenError = createError<[string]>('FORBIDDEN', 'your role does not allow you to %s', 403)

/** What may be done, and by whom. What is not listed is denied. */
const permissions = {
  listen: ['listener', 'curator', 'admin', 'auditor'],
  'keep playlists': ['listener', 'curator', 'admin', 'auditor'],
  'keep your account': ['listener', 'curator', 'admin', 'auditor'],
  'upload music': ['curator', 'admin'],
  'edit the catalogue': ['curator', 'admin'],
  'see jobs': ['curator', 'admin', 'auditor'],
  'retry jobs': ['curator', 'admin'],
  'manage users': ['admin'],
  'see users': ['admin', 'auditor'],
  'see the audit log': ['admin', 'auditor'],
  'see metrics': ['admin', 'auditor'],
  share: ['listener', 'curator', 'admin'],
  'request songs': ['listener', 'curator', 'admin', 'auditor'],
  'answer requests': ['curator', 'admin']
} as const satisfies Record<string, readonly Role[]>

export type Permission = keyof typeof permissions
const allPermissions = Object.keys(permissions) as Permission[]

export function may (role: Role, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission]
  return allowed.includes(role)
}

export function permissionsOf (role: Role): Permission[] {
  return allPermissions.filter((permission) => may(role, permission))
}

/** @throws ForbiddenError */
export function authorise (actor: Actor, permission: Permission): void {
  if (!may(actor.role, permission)) throw new ForbiddenError(permission)
}
