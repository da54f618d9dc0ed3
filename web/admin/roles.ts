import type { Role } from '../app/api-types.ts'

export const roles: readonly Role[] = ['listener', 'curator', 'admin', 'auditor']
