export const dropRail = {
  'drop.title': 'Drop {name} on',
  'drop.new': 'Another or a new playlist'
} as const
