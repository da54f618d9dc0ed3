import { app } from './en/app.ts'
import { library } from './en/library.ts'
import { player } from './en/player.ts'

/** What the first page needs, in English. A key names its place, then what it says. */
export const en = { ...app, ...library, ...player } as const
