export const keys = {
  'keys.title': 'Keys',
  'keys.enabled': 'Single keys control the player',
  'keys.enabled-hint': 'Off while you type. Switch this off if keys collide with your own tools.',
  'keys.toggle': 'Play or pause',
  'keys.previous-next': 'Previous, next track',
  'keys.seek': 'Back, forward 5 seconds',
  'keys.skip': 'Previous, next track',
  'keys.tenths': 'Jump to a tenth of the track',
  'keys.mute': 'Sound off or on',
  'keys.like': 'Favourite the playing track',
  'keys.shuffle': 'Shuffle',
  'keys.repeat': 'Repeat',
  'keys.queue': 'Show or hide the queue',
  'keys.search': 'Search',
  'keys.help': 'This list',
  'keys.move': 'Move a row of a queue or playlist'
} as const
