export const listen = {
  'home.all': 'Show all',
  'home.all-new': 'All new albums',
  'home.all-playlists': 'All playlists',
  'home.favourites': 'Favourites',
  'home.recently-played': 'Heard lately',
  'home.most-played': 'Most played this month',
  'home.no-favourites': 'Press the heart of a track and it waits for you here.',
  'home.nothing-played': 'What you hear is listed here.'
} as const
