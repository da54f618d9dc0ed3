import { accounts } from './pt-BR/accounts.ts'
import { app } from './pt-BR/app.ts'
import { browse } from './pt-BR/browse.ts'
import { dropRail } from './pt-BR/drop-rail.ts'
import { edit } from './pt-BR/edit.ts'
import { health } from './pt-BR/health.ts'
import { keys } from './pt-BR/keys.ts'
import { library } from './pt-BR/library.ts'
import { listen } from './pt-BR/listen.ts'
import { menus } from './pt-BR/menus.ts'
import { nowPlaying } from './pt-BR/now-playing.ts'
import { offline } from './pt-BR/offline.ts'
import { palette } from './pt-BR/palette.ts'
import { playback } from './pt-BR/playback.ts'
import { player } from './pt-BR/player.ts'
import { playlists } from './pt-BR/playlists.ts'
import { queue } from './pt-BR/queue.ts'
import { requests } from './pt-BR/requests.ts'
import { settings } from './pt-BR/settings.ts'
import { share } from './pt-BR/share.ts'
import { studio } from './pt-BR/studio.ts'

export const texts = {
  ...accounts,
  ...app,
  ...browse,
  ...dropRail,
  ...edit,
  ...health,
  ...keys,
  ...library,
  ...listen,
  ...menus,
  ...nowPlaying,
  ...offline,
  ...palette,
  ...playback,
  ...player,
  ...playlists,
  ...queue,
  ...requests,
  ...settings,
  ...share,
  ...studio
}
