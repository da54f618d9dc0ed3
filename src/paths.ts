import { join } from 'node:path'

/** Where this installation lies: the sources run from src/, the compiled server from dist/server/. */
const root = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '..' : '../..')

export const migrationsDir = join(root, 'prisma/migrations')
export const webRoot = join(root, 'dist/web')
export const demoDir = join(root, 'dist/demo')
