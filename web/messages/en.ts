import { accounts } from './en/accounts.ts'
import { app } from './en/app.ts'
import { library } from './en/library.ts'
import { player } from './en/player.ts'
import { playlists } from './en/playlists.ts'
import { studio } from './en/studio.ts'

/** Every message in English. A key names its place, then what it says. */
export const en = { ...app, ...accounts, ...library, ...player, ...playlists, ...studio } as const
