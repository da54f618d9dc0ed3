import { en } from './en.ts'
import { playlists } from './en/playlists.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...playlists })
