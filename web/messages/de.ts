import { accounts } from './de/accounts.ts'
import { app } from './de/app.ts'
import { browse } from './de/browse.ts'
import { dropRail } from './de/drop-rail.ts'
import { edit } from './de/edit.ts'
import { health } from './de/health.ts'
import { keys } from './de/keys.ts'
import { library } from './de/library.ts'
import { listen } from './de/listen.ts'
import { menus } from './de/menus.ts'
import { nowPlaying } from './de/now-playing.ts'
import { offline } from './de/offline.ts'
import { palette } from './de/palette.ts'
import { playback } from './de/playback.ts'
import { player } from './de/player.ts'
import { playlists } from './de/playlists.ts'
import { queue } from './de/queue.ts'
import { requests } from './de/requests.ts'
import { settings } from './de/settings.ts'
import { share } from './de/share.ts'
import { studio } from './de/studio.ts'

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
