export const playback = {
  'playback.waiting': 'The line is slow. Waiting for the music…',
  'playback.press-play': 'The browser wants a click first. Press play.',
  'playback.missing': 'Its file is missing on the server.',
  'playback.skipped': '{title} can’t be played. {reason}',
  'playback.elsewhere': 'Plays in another tab: {title} by {artist}',
  'playback.take-over': 'Play here',
  'playback.slept': 'The sleep timer has ended the music. Good night.',
  'playback.options': 'Speed and sleep timer',
  'playback.speed': 'Speed',
  'playback.speed-value': '{n}×',
  'playback.speed-hint': 'The pitch stays. This browser remembers the speed.',
  'playback.sleep': 'Sleep timer',
  'playback.sleep-off': 'Off',
  'playback.sleep-minutes': { one: 'In {count} minute', other: 'In {count} minutes' },
  'playback.sleep-track': 'At the end of the track',
  'playback.sleep-queue': 'At the end of the queue',
  'playback.sleep-left': { one: 'Ends in {count} minute', other: 'Ends in {count} minutes' }
} as const
